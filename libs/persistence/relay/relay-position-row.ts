import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far a relay of the ledger came: everything up to (txid, seq) has been published. */
@Entity('relay_positions')
export class RelayPositionRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'relay_positions_pkey' })
  relay!: string;

  @Column({ type: 'xid8' as 'text' })
  txid!: string;

  @Column({ type: 'bigint' })
  seq!: number;

  @Column({ type: 'timestamptz', precision: 3 })
  moved_at!: Date;
}
