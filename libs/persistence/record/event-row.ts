import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An event that came in, whether or not a webhook wanted it. Partitioned by
 * the day of `accepted_at`. `data` and `metadata` are text, not jsonb: the
 * publisher's bytes and key order are kept.
 */
@Entity('events')
@Index('events_tenant_accepted_at', ['tenant', 'accepted_at'])
@Index('events_tenant_type_accepted_at', ['tenant', 'type', 'accepted_at'])
export class EventRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'events_pkey' })
  tenant!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'events_pkey' })
  id!: string;

  @PrimaryColumn({ type: 'timestamptz', precision: 3, primaryKeyConstraintName: 'events_pkey' })
  accepted_at!: Date;

  @Column({ type: 'text' })
  type!: string;

  /** When it happened, as the publisher wrote it; RFC 3339. */
  @Column({ type: 'text' })
  timestamp!: string;

  /** JSON text; of a rejected event a JSON string, the beginning of what came; null when it is only in the stream. */
  @Column({ type: 'text', nullable: true })
  data!: string | null;

  @Column({ type: 'text', nullable: true })
  metadata!: string | null;

  /** The event's sequence in the stream EVENTS. */
  @Column({ type: 'bigint' })
  sequence!: number;

  @Column({ type: 'text' })
  status!: 'accepted' | 'rejected';

  /** Why it was rejected. */
  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** How many webhooks it matched. */
  @Column({ type: 'integer' })
  match_count!: number;
}
