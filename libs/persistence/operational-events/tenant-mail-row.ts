import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A mail as it is to be sent; who gets it is asked when it is sent. */
export interface ComposedMail {
  /** `Message-ID`, the same however often it is sent. */
  message_id: string;
  subject: string;
  text: string;
  html: string;
}

/** The last mail to a tenant's contacts. There is one at a time; while it is not sent, nothing more is composed. */
@Entity('tenant_mails')
export class TenantMailRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'tenant_mails_pkey' })
  tenant!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  composed_at!: Date;

  /** Null once it is sent or given up. */
  @Column({ type: 'jsonb', nullable: true })
  mail!: ComposedMail | null;

  @Column({ type: 'integer' })
  tries!: number;

  @Column({ type: 'timestamptz', precision: 3 })
  next_try_at!: Date;
}
