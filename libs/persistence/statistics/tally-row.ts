import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Counts } from './counts.js';

/**
 * What was counted in an hour: of a tenant, or of one of its webhooks, or of
 * one event type, or of both together. Partitioned by the day of `starts_at`,
 * and dropped with the record of that day. The numbers beside `counts` stand in
 * it too; they are what is looked for across webhooks and hours.
 */
@Entity('tallies')
@Index('tallies_failed', ['tenant', 'event_type', 'starts_at', 'webhook_id', 'failed'], {
  where: `failed > 0 AND webhook_id <> ''`,
})
@Index('tallies_retrying', ['tenant', 'webhook_id', 'event_type', 'retrying'], { where: 'retrying > 0' })
export class TallyRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tallies_pkey' })
  tenant!: string;

  /** '' where it is about all of them. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tallies_pkey' })
  webhook_id!: string;

  /** '' where it is about all of them. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tallies_pkey' })
  event_type!: string;

  @PrimaryColumn({ type: 'timestamptz', precision: 3, primaryKeyConstraintName: 'tallies_pkey' })
  starts_at!: Date;

  @Column({ type: 'json' })
  counts!: Counts;

  /** Deliveries, as `deliveries.success` in counts. */
  @Column({ type: 'integer' })
  succeeded!: number;

  @Column({ type: 'integer' })
  failed!: number;

  @Column({ type: 'integer' })
  retrying!: number;

  /** When the last of its attempts was begun; null when there was none. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  last_attempt_at!: Date | null;
}
