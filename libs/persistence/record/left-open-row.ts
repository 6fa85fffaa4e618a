import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/**
 * Deliveries that had not ended when their rows were written, many in one row:
 * what the reconciler looks at (docs/adr/0007). Whatever leaves a delivery open
 * says so here in the same transaction, so that each open delivery stands in
 * here with the time of its last move.
 */
@Entity('left_open')
export class LeftOpenRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'ALWAYS',
    primaryKeyConstraintName: 'left_open_pkey',
  })
  seq!: number;

  /** Before this none of them is worth a look. */
  @Column({ type: 'timestamptz', precision: 3 })
  check_at!: Date;

  /** Ids, which carry the day. */
  @Column({ type: 'text', array: true })
  deliveries!: string[];

  /** `updated_at` of each, as it was left, in milliseconds since 1970: one that has moved since stands elsewhere. */
  @Column({ type: 'bigint', array: true })
  seen!: number[];
}
