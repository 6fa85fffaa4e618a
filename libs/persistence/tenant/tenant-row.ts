import type { AutoDisable, OwnershipCheck, RetryPolicy } from '#domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A tenant as it is now. What was deleted has no row; the ledger keeps its story, and its id for ever. */
@Entity('tenants')
export class TenantRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tenants_pkey' })
  id!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  name!: string;

  /** Webhooks at most; null for any number. */
  @Column({ type: 'integer', nullable: true })
  max_webhooks!: number | null;

  /** Deliveries of each webhook in an hour at most; null for any number. */
  @Column({ type: 'integer', nullable: true })
  max_deliveries_per_hour_per_webhook!: number | null;

  @Column({ type: 'integer', nullable: true })
  retention_days!: number | null;

  @Column({ type: 'jsonb', nullable: true })
  auto_disable!: AutoDisable | null;

  @Column({ type: 'boolean' })
  strict_event_types!: boolean;

  @Column({ type: 'text', nullable: true })
  ownership_check!: OwnershipCheck | null;

  /** E-mail addresses of who is told when its webhooks are in trouble. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  contacts!: string[];

  /** For webhooks that are created without one. */
  @Column({ type: 'integer' })
  timeout_seconds!: number;

  /** For webhooks that are created without one. */
  @Column({ type: 'jsonb' })
  retry!: RetryPolicy;

  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updated_at!: Date;
}
