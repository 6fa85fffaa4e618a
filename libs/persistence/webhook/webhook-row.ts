import type {
  EventFilter,
  Ownership,
  PayloadFormat,
  RateLimit,
  RequestHeaders,
  RetryPolicy,
  SecretPath,
  WebhookAuth,
  WebhookMethod,
  WebhookStatus,
} from '#domain';
import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A webhook as it is now. What was deleted has no row; the ledger keeps its story. */
@Entity('webhooks')
@Unique('webhooks_tenant_name', ['tenant', 'name'])
@Index('webhooks_id', ['id'])
// Their migrations make the first where they can, else the second where they can.
@Index('webhooks_found_by', { synchronize: false })
@Index('webhooks_name_url_trigrams', { synchronize: false })
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
  description!: string;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column({ type: 'jsonb' })
  metadata!: Record<string, string>;

  @Column({ type: 'text' })
  url!: string;

  @Column({ type: 'text' })
  method!: WebhookMethod;

  @Column({ type: 'text', array: true })
  event_types!: string[];

  @Column({ type: 'jsonb', nullable: true })
  filter!: EventFilter | null;

  @Column({ type: 'text' })
  status!: WebhookStatus;

  @Column({ type: 'text', nullable: true })
  disabled_reason!: string | null;

  /** Since when status and url are what they are. */
  @Column({ type: 'timestamptz', precision: 3 })
  standing_since!: Date;

  @Column({ type: 'jsonb' })
  headers!: RequestHeaders;

  @Column({ type: 'jsonb' })
  auth!: WebhookAuth;

  /** What `headers` and `auth` refer to, sealed. */
  @Column({ type: 'jsonb' })
  credentials!: Partial<Record<SecretPath, string>>;

  @Column({ type: 'integer' })
  timeout_seconds!: number;

  @Column({ type: 'jsonb' })
  retry!: RetryPolicy;

  @Column({ type: 'jsonb' })
  format!: PayloadFormat;

  @Column({ type: 'text', nullable: true })
  transform!: string | null;

  @Column({ type: 'jsonb', nullable: true })
  rate_limit!: RateLimit | null;

  @Column({ type: 'integer' })
  concurrency!: number;

  @Column({ type: 'boolean' })
  ordered!: boolean;

  /** Whether its receiver must agree first, and to what it did. */
  @Column({ type: 'jsonb', nullable: true })
  ownership!: Ownership | null;

  /** The signing secret, sealed; a list as the data plane has it. */
  @Column({ type: 'jsonb' })
  secrets!: string[];

  @Column({ type: 'integer' })
  secret_number!: number;

  /** Earlier signing secrets, sealed, newest first, with the time (milliseconds since 1970) at which each ends. */
  @Column({ type: 'jsonb' })
  retiring_secrets!: { number: number; until: number; sealed: string }[];

  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updated_at!: Date;
}
