import type { EventTypeRow } from '#persistence';
import type { EventTypeView } from './event-type-schemas.js';

/** What the API shows of an event type. */
export function eventTypeViewOf(row: EventTypeRow): EventTypeView {
  return {
    name: row.name,
    description: row.description,
    schema: row.schema,
    example: row.example,
    archived: row.archived,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
