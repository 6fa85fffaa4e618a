import { Get, Post, Query } from '@nestjs/common';
import { cancelJob, DataSource, findJob, listJobs, type JobRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { shownPage } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { jobPage, jobQuery, jobView, type JobQuery } from './job-schemas.js';
import { jobViewOf } from './job-view.js';

@Resource('jobs')
export class JobsController {
  constructor(private readonly database: DataSource) {}

  @Get()
  @Answers(200, 'Jobs, newest first', jobPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: jobQuery }) query: JobQuery) {
    return shownPage(await listJobs(this.database, tenant, query, query), jobViewOf);
  }

  @Get(':id')
  @Answers(200, 'The job', jobView, ['job_not_found'])
  async read(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    return jobViewOf(await this.find(tenant, id));
  }

  @Post(':id/cancel')
  @Answers(200, 'The job, which stops within its page of some hundred deliveries', jobView, [
    'job_not_found',
    'job_ended',
  ])
  async cancel(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    const cancelled = await cancelJob(this.database, tenant, id);
    const job = await this.find(tenant, id);
    if (cancelled) return jobViewOf(job);
    throw new Problem('job_ended', {
      detail: `The job ${id} has ended as ${job.status}; there is nothing to cancel.`,
      evidence: { job_status: job.status },
    });
  }

  private async find(tenant: string, id: string): Promise<JobRow> {
    const absent = () => new Problem('job_not_found', { detail: `There is no job ${id}.` });
    return found(await findJob(this.database, tenant, id), absent);
  }
}
