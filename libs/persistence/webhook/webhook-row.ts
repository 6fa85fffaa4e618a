import type { RetryPolicy, WebhookStatus } from '#domain';
import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** A webhook as it is now. What was deleted has no row; the ledger keeps its story. */
@Entity('webhooks')
@Unique('webhooks_tenant_name', ['tenant', 'name'])
export class WebhookRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhooks_pkey' })
  tenant!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhooks_pkey' })
  id!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  url!: string;

  @Column({ type: 'text', array: true })
  event_types!: string[];

  @Column({ type: 'text' })
  status!: WebhookStatus;

  @Column({ type: 'text', nullable: true })
  disabled_reason!: string | null;

  @Column({ type: 'integer' })
  timeout_seconds!: number;

  @Column({ type: 'jsonb' })
  retry!: RetryPolicy;

  /** Sealed signing secrets, newest first. */
  @Column({ type: 'jsonb' })
  secrets!: string[];

  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updated_at!: Date;
}
