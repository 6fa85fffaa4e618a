import type { AttemptErrorKind, AttemptTrigger, ConsoleLine } from '#domain';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * One request to a receiver. `created_at` is the delivery's, so that the
 * attempts of a delivery lie in one partition, the same day's as the delivery.
 * Headers are json, not jsonb: their order is kept, and nothing searches them.
 */
@Entity('attempts')
export class AttemptRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'attempts_pkey' })
  delivery_id!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'attempts_pkey' })
  id!: string;

  @PrimaryColumn({ type: 'timestamptz', precision: 3, primaryKeyConstraintName: 'attempts_pkey' })
  created_at!: Date;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'integer' })
  number!: number;

  @Column({ type: 'text' })
  trigger!: AttemptTrigger;

  @Column({ type: 'timestamptz', precision: 3 })
  started_at!: Date;

  @Column({ type: 'integer' })
  duration_ms!: number;

  @Column({ type: 'text' })
  method!: string;

  @Column({ type: 'text' })
  url!: string;

  @Column({ type: 'json' })
  request_headers!: Record<string, string>;

  @Column({ type: 'text' })
  request_body!: string;

  @Column({ type: 'integer', nullable: true })
  response_status!: number | null;

  @Column({ type: 'json', nullable: true })
  response_headers!: Record<string, string> | null;

  @Column({ type: 'text', nullable: true })
  response_body!: string | null;

  @Column({ type: 'boolean' })
  response_truncated!: boolean;

  @Column({ type: 'text', nullable: true })
  error_kind!: AttemptErrorKind | null;

  @Column({ type: 'text', nullable: true })
  error_message!: string | null;

  /** What the webhook's transform wrote; null where none was run. */
  @Column({ type: 'json', nullable: true })
  console!: ConsoleLine[] | null;
}
