import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A request that came with an Idempotency-Key: in flight while there is no
 * answer and `held_until` has not passed, free to be taken over after that,
 * answered from then on until `expires_at`.
 */
@Entity('idempotency_keys')
@Index('idempotency_keys_expires_at', ['expires_at'])
export class IdempotencyRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  tenant!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  key!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'idempotency_keys_pkey' })
  route!: string;

  @Column({ type: 'bytea' })
  request_hash!: Buffer;

  /** Who runs it; another one that took it over has another. */
  @Column({ type: 'uuid' })
  holder!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  held_until!: Date;

  /** Sealed, for it may hold a secret. */
  @Column({ type: 'text', nullable: true })
  answer!: string | null;

  @Column({ type: 'timestamptz', precision: 3 })
  expires_at!: Date;
}
