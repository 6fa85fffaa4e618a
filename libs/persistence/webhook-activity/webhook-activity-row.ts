import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * What was lately seen of a webhook: the ends of its attempts, those of tests
 * apart. Written with the record and as late as it; a webhook that was never
 * attempted has no row.
 */
@Entity('webhook_activity')
export class WebhookActivityRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhook_activity_pkey' })
  webhook_id!: string;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  last_attempt_at!: Date;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  last_success_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  last_failure_at!: Date | null;

  /** A failure after the last success: the first one, unless facts came out of their order. Never too early. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  failing_since!: Date | null;
}
