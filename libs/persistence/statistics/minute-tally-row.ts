import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Counts } from './counts.js';

/**
 * What was counted in a minute: of a tenant, or of one of its webhooks. A table
 * of its own, for minutes are kept for days and hours for as long as the
 * record: a day's partition is emptied at once, where deleting would cost as
 * much as writing did.
 */
@Entity('minute_tallies')
export class MinuteTallyRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'minute_tallies_pkey' })
  tenant!: string;

  /** '' where it is about all of them. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'minute_tallies_pkey' })
  webhook_id!: string;

  @PrimaryColumn({ type: 'timestamptz', precision: 3, primaryKeyConstraintName: 'minute_tallies_pkey' })
  starts_at!: Date;

  @Column({ type: 'json' })
  counts!: Counts;

  /** Deliveries, as `deliveries.success` in counts. */
  @Column({ type: 'integer' })
  succeeded!: number;

  @Column({ type: 'integer' })
  failed!: number;
}
