import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { newId } from '#domain';
import { createJob, DataSource } from '#persistence';
import type { Caller } from '../access/caller.js';
import { JobRunner } from './job-runner.js';
import { jobViewOf } from './job-view.js';
import { paramsOf, workOf, type JobPlan } from './work.js';

/** Begins work that takes longer than a request, or only says how much it would be. */
@Injectable()
export class CreateJob {
  constructor(
    private readonly database: DataSource,
    private readonly runner: JobRunner,
  ) {}

  /**
   * @param reply gets the status of a job that has begun, and where it can be read
   * @returns the count, or the job
   */
  async countOrCreate({ tenant, actor }: Caller, plan: JobPlan, dryRun: boolean, reply: FastifyReply) {
    if (dryRun) return { count: await workOf(this.database, tenant, plan).count() };
    const { kind } = plan;
    const job = { id: newId('job'), tenant, kind, params: paramsOf(plan), actor };
    const created = await createJob(this.database, job);
    this.runner.wake();
    void reply.status(202).header('location', `/api/v1/jobs/${job.id}`);
    return jobViewOf(created);
  }
}
