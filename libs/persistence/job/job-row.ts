import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * - `pending`: nobody has begun it
 * - `running`: begun; whoever has the lease works on it, and when the lease ends anyone may
 * - `done`, `cancelled` (by a person), `failed` (it cannot go on; `error` says why): ended
 */
export type JobStatus = 'pending' | 'running' | 'done' | 'cancelled' | 'failed';

/** Work for many deliveries, done page by page. Whoever goes on with it begins where `cursor` says. */
@Entity('jobs')
@Index('jobs_tenant_id', ['tenant', 'id'])
@Index('jobs_open', ['updated_at'], { where: `status IN ('pending', 'running')` })
export class JobRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'jobs_pkey' })
  id!: string;

  @Column({ type: 'text' })
  tenant!: string;

  /** What kind of work; `params` is what that kind needs to know. */
  @Column({ type: 'text' })
  kind!: string;

  @Column({ type: 'jsonb' })
  params!: Record<string, unknown>;

  @Column({ type: 'text' })
  status!: JobStatus;

  /** Deliveries that it is about; null until they have been counted. */
  @Column({ type: 'integer', nullable: true })
  total!: number | null;

  /** Those that are on their way. */
  @Column({ type: 'integer' })
  done!: number;

  /** Those that could not be sent again. */
  @Column({ type: 'integer' })
  skipped!: number;

  /** Up to where it is through; null at the beginning. */
  @Column({ type: 'text', nullable: true })
  cursor!: string | null;

  /** Why it failed. */
  @Column({ type: 'text', nullable: true })
  error!: string | null;

  /** Who asked for it. */
  @Column({ type: 'text' })
  actor!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updated_at!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  completed_at!: Date | null;

  /** Who works on it, or did last. */
  @Column({ type: 'uuid', nullable: true })
  runner!: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  leased_until!: Date | null;
}
