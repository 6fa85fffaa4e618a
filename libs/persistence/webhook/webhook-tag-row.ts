import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How many webhooks of a tenant have a tag; triggers on `webhooks` keep it. What none has any more has no row. */
@Entity('webhook_tags')
export class WebhookTagRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'webhook_tags_pkey' })
  tenant!: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'webhook_tags_pkey' })
  tag!: string;

  @Column({ type: 'integer' })
  webhooks!: number;
}
