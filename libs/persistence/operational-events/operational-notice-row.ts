import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a tenant's contacts have yet to be told of a webhook, by kind: a row for any number of events. */
@Entity('operational_notices')
export class OperationalNoticeRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'operational_notices_pkey' })
  tenant!: string;

  /** The type of the operational events. */
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'operational_notices_pkey' })
  type!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'operational_notices_pkey' })
  webhook_id!: string;

  @Column({ type: 'integer' })
  count!: number;

  @Column({ type: 'timestamptz', precision: 3 })
  first_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  last_at!: Date;

  /** What the last of them says of its reason. */
  @Column({ type: 'text' })
  detail!: string;

  /** The last event's place in EVENTS: handed out again it is not counted again. */
  @Column({ type: 'bigint' })
  last_sequence!: number;

  /** When the first of them came in, by the clock of the database. */
  @Column({ type: 'timestamptz', precision: 3 })
  noted_at!: Date;
}
