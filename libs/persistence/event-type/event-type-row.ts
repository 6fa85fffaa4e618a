import type { JsonSchema } from '#domain';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An event type of a tenant's catalogue as it is now. What was deleted has no row; the ledger keeps its story. */
@Entity('event_types')
@Index('event_types_tenant_created_at', ['tenant', 'created_at', 'name'])
export class EventTypeRow {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'event_types_pkey' })
  tenant!: string;

  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'event_types_pkey' })
  name!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ type: 'text' })
  description!: string;

  /** `json`, not `jsonb`: a schema is shown with its members in the order in which people wrote them. */
  @Column({ type: 'json', nullable: true })
  schema!: JsonSchema | null;

  @Column({ type: 'json', nullable: true })
  example!: unknown;

  @Column({ type: 'boolean' })
  archived!: boolean;

  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  updated_at!: Date;
}
