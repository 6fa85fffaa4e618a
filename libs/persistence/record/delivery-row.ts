import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type DeliveryStatus = 'pending' | 'sending' | 'retrying' | 'success' | 'failed' | 'cancelled';

const OPEN: readonly string[] = ['pending', 'sending', 'retrying'] satisfies DeliveryStatus[];
/** The same as a list in SQL. */
export const OPEN_STATUSES = `('${OPEN.join("', '")}')`;

/** Whether something more is to become of a delivery; such ones stay on record however old they are. */
export function isOpen({ status }: { status: string }): boolean {
  return OPEN.includes(status);
}

/**
 * What one event owes one webhook, and how far it came. Partitioned by the day
 * of `created_at`, which is the time that the id carries. What changes while a
 * delivery is tried stands in no index, so that an update stays in its page (HOT).
 */
@Entity('deliveries')
@Index('deliveries_tenant_id', ['tenant', 'id'])
@Index('deliveries_tenant_webhook_id', ['tenant', 'webhook_id', 'id'])
@Index('deliveries_tenant_event_id', ['tenant', 'event_id'])
export class DeliveryRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'deliveries_pkey' })
  id!: string;

  @PrimaryColumn({ type: 'timestamptz', precision: 3, primaryKeyConstraintName: 'deliveries_pkey' })
  created_at!: Date;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'text' })
  event_id!: string;

  @Column({ type: 'text' })
  event_type!: string;

  @Column({ type: 'text' })
  webhook_id!: string;

  @Column({ type: 'text' })
  status!: DeliveryStatus;

  @Column({ type: 'integer' })
  attempt_count!: number;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  next_attempt_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  completed_at!: Date | null;

  @Column({ type: 'text', nullable: true })
  reason!: string | null;

  /** The status code of the last response, null when there was none. */
  @Column({ type: 'integer', nullable: true })
  status_code!: number | null;

  @Column({ type: 'timestamptz', precision: 3 })
  updated_at!: Date;

  /** When it was brought back last; null when it is owed since `created_at`. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  owed_at!: Date | null;
}
