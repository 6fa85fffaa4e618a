import type { Role } from '#domain';
import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** An API key, expired and revoked ones too. The secret is nowhere; its hash is here alone. */
@Entity('keys')
@Unique('keys_id', ['id'])
export class KeyRow {
  /** OF_NO_TENANT for an operator's. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'keys_pkey' })
  tenant!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'keys_pkey' })
  id!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  role!: Role;

  /** SHA-256 of the whole key; 192 random bits need no slow hash. */
  @Column({ type: 'bytea' })
  hash!: Buffer;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  expires_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  revoked_at!: Date | null;

  /** To the minute. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  last_used_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;
}
