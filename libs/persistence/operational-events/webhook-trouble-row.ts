import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A webhook that was disabled or whose circuit opened, and that has not succeeded since. */
@Entity('webhook_troubles')
export class WebhookTroubleRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhook_troubles_pkey' })
  webhook_id!: string;

  @Column({ type: 'text' })
  tenant!: string;

  /** Whether it was disabled, and not only its circuit opened. */
  @Column({ type: 'boolean' })
  disabled!: boolean;

  /** The first of its troubles. */
  @Column({ type: 'timestamptz', precision: 3 })
  since!: Date;

  /** The last of them; a success before it says nothing. */
  @Column({ type: 'timestamptz', precision: 3 })
  last_at!: Date;
}
