import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Delta } from './deltas-of-batch.js';

/** What a batch of the projection changed in the statistics, until it is folded into the tallies (docs/adr/0010). */
@Entity('tally_deltas')
export class TallyDeltaRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'tally_deltas_pkey',
  })
  seq!: number;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  written_at!: Date;

  @Column({ type: 'json' })
  body!: Delta[];
}
