import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { BusUnreachableError, PublishError, type Bus } from '#bus';
import type { Logger } from '#observability';
import {
  failJob,
  findWebhook,
  isUnavailable,
  keepProgress,
  keepTotal,
  letJobGo,
  renewLease,
  takeJob,
  type DataSource,
  type JobRow,
  type Lease,
} from '#persistence';
import type { BringBack } from '../deliveries/bring-back.js';
import { JobCannotGoOn } from './job-cannot-go-on.js';
import { roomInQueue } from './room-in-queue.js';
import { planOf, workOf, type Work } from './work.js';

export interface RunnerTimes {
  /** After which others take a job whose runner is gone. */
  leaseMs: number;
  /** For how long a job is worked on before the next one has its turn. */
  turnMs: number;
  /** How often it is looked for jobs of which nobody told. */
  lookMs: number;
}

const TIMES: RunnerTimes = { leaseMs: 10_000, turnMs: 5_000, lookMs: 1_000 };
const ROOM_WITHIN_MS = 1_000;
const AFTER_TROUBLE_MS = 1_000;
const STOP_WITHIN_MS = 5_000;

/**
 * Carries out jobs, on every replica of the admin API.
 *
 *   looking --> a turn of a job: counted, page, page, ... --> looking
 *
 * A turn holds the job's lease. A page is queued first and then written down,
 * with the place where the next one begins. Whoever goes on after a crash in
 * between queues the page again, under the same dedup ids, so JetStream stores
 * each delivery once; none is left out, for the place moves last.
 */
export class JobRunner implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly id = randomUUID();
  private stopping = false;
  private running: Promise<void> = Promise.resolve();
  private awake = Promise.withResolvers<void>();

  constructor(
    private readonly database: DataSource,
    private readonly bus: Pick<Bus, 'requeue'>,
    private readonly bringBack: BringBack,
    private readonly logger: Logger,
    private readonly times: RunnerTimes = TIMES,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  /** Finishes the page that is under way; the rest of its job is anyone's. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.wake();
    await Promise.race([this.running, sleep(STOP_WITHIN_MS, undefined, { ref: false })]);
  }

  /** Says that there is a new job. */
  wake(): void {
    this.awake.resolve();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        const job = await takeJob(this.database, this.id, this.times.leaseMs);
        if (job) await this.takeTurn(job);
        else await this.rest();
      } catch (error) {
        if (this.stopping) return;
        this.logger.warn({ err: error }, 'jobs wait, for a server is away');
        await sleep(AFTER_TROUBLE_MS, undefined, { ref: false });
      }
    }
  }

  private async rest(): Promise<void> {
    this.awake = Promise.withResolvers();
    await Promise.race([this.awake.promise, sleep(this.times.lookMs, undefined, { ref: false })]);
  }

  private async takeTurn(job: JobRow): Promise<void> {
    const lease: Lease = { job: job.id, runner: this.id };
    const { leaseMs } = this.times;
    const renewing = setInterval(() => {
      // Lost while PostgreSQL is away; then someone else goes on, and what is done twice is stored once.
      renewLease(this.database, lease, leaseMs).catch(() => undefined);
    }, leaseMs / 3).unref();
    try {
      await this.work(job, lease);
    } catch (error) {
      if (error instanceof JobCannotGoOn) return await failJob(this.database, lease, error.code);
      if (isPassing(error)) {
        await letJobGo(this.database, lease).catch(() => undefined);
        throw error;
      }
      this.logger.error({ err: error, tenant: job.tenant, job: job.id }, 'a job failed');
      await failJob(this.database, lease, 'internal');
    } finally {
      clearInterval(renewing);
    }
  }

  private async work(job: JobRow, lease: Lease): Promise<void> {
    const work = workOf(this.database, job.tenant, planOf(job.kind, job.params));
    if (job.total === null && !(await keepTotal(this.database, lease, await work.count()))) return;
    const turnEnds = Date.now() + this.times.turnMs;
    let { cursor } = job;
    while (!this.stopping && Date.now() < turnEnds) {
      if (!(await this.isRoom(job, work))) break;
      const { wanted, next } = await work.page(cursor);
      const dedupId = ({ id }: { id: string }) => `${job.id}:${id}`;
      const brought = await this.bringBack.all(job.tenant, wanted, { trigger: work.trigger, dedupId });
      const skipped = brought.filter((each) => each === 'payload_expired').length;
      const done = brought.length - skipped;
      // The cursor of the last page stays, so that it is never null again.
      const progress = { cursor: next ?? cursor, done, skipped, ended: next === null };
      if (!(await keepProgress(this.database, lease, progress))) return;
      cursor = next;
    }
    await letJobGo(this.database, lease);
  }

  private async isRoom(job: JobRow, { webhook }: Work): Promise<boolean> {
    const found = webhook === undefined ? null : await findWebhook(this.database, job.tenant, webhook);
    const drained = found?.status === 'active' ? found.id : undefined;
    return roomInQueue(this.bus, drained, ROOM_WITHIN_MS);
  }
}

/** Whether the same may go well later. */
function isPassing(error: unknown): boolean {
  return error instanceof PublishError || error instanceof BusUnreachableError || isUnavailable(error);
}
