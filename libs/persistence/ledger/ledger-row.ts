import { Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** Of what the ledger keeps the decisions. The id of an aggregate is its own within tenant and type. */
export type AggregateType = 'webhook' | 'tenant' | 'key' | 'event_type';

/**
 * One decision, for ever: a trigger refuses UPDATE, DELETE and TRUNCATE.
 * `txid` orders what the relay reads, for a lower `seq` may be committed later.
 */
@Entity('ledger')
@Unique('ledger_aggregate_version', ['tenant', 'aggregate_type', 'aggregate_id', 'version'])
@Index('ledger_txid_seq', ['txid', 'seq'])
export class LedgerRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'ledger_pkey',
  })
  seq!: number;

  @Column({ type: 'xid8' as 'text', default: () => 'pg_current_xact_id()' })
  txid!: string;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'text' })
  aggregate_type!: AggregateType;

  @Column({ type: 'text' })
  aggregate_id!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  type!: string;

  @Column({ type: 'jsonb' })
  data!: Record<string, unknown>;

  /** Who decided, such as `operator` or the id of a key. */
  @Column({ type: 'text' })
  actor!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  at!: Date;
}
