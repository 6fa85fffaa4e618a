import { isEventType } from '../event/event-type.js';
import type { Fault } from '../fault.js';
import { isOperationalType } from '../operational-events/operational-type.js';
import { compileDataCheck, UnusableSchema } from './data-check.js';
import type { EventTypeDefinition } from './declared-event-type.js';
import { deeperThan, SCHEMA_LIMITS } from './event-type-schema.js';

export const EVENT_TYPE_LIMITS = {
  /** Characters. */
  description: 2_000,
  /** Bytes of its JSON text. */
  example: 65_536,
  /** Levels of lists and objects in each other. */
  exampleDepth: 64,
} as const;

/** What is wrong with a definition, nothing when it is sound. An example must fit the schema beside it. */
export function eventTypeFaults(name: string, definition: EventTypeDefinition): Fault[] {
  const { description, schema, example } = definition;
  const faults: Fault[] = [];
  const fault = (path: string, message: string) => faults.push({ path, message });
  if (!isEventType(name)) fault('name', 'must be an event type such as task.completed');
  if (isOperationalType(name)) fault('name', "must not begin with tidings., for those are Tidings' own");
  if (description.length > EVENT_TYPE_LIMITS.description)
    fault(
      'description',
      `must have ${EVENT_TYPE_LIMITS.description} characters at most, but has ${description.length}`,
    );
  if (!isStorable(description)) fault('description', NOT_STORABLE);
  if (deeperThan(example, EVENT_TYPE_LIMITS.exampleDepth))
    fault('example', `must not be deeper than ${EVENT_TYPE_LIMITS.exampleDepth} levels`);
  if (schema !== null && !deeperThan(schema, 2 * SCHEMA_LIMITS.depth) && !isStorable(schema))
    fault('schema', NOT_STORABLE);
  if (faults.length > 0) return faults;
  const text = JSON.stringify(example ?? null);
  if (text.length > EVENT_TYPE_LIMITS.example)
    fault('example', `must have ${EVENT_TYPE_LIMITS.example} bytes at most`);
  if (!isStorable(example)) fault('example', NOT_STORABLE);
  if (schema === null || faults.length > 0) return faults;
  try {
    const check = compileDataCheck(schema);
    if (example === null || example === undefined) return faults;
    return check(example, text.length).map(({ path, message }) => ({
      path: path.replace(/^data/, 'example'),
      message,
    }));
  } catch (error) {
    if (error instanceof UnusableSchema) return error.faults;
    throw error;
  }
}

const NOT_STORABLE = 'must hold no NUL and no broken Unicode';

/** PostgreSQL's jsonb takes neither NUL nor half a surrogate pair, in names as in texts. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, inner]) => isStorable(name) && isStorable(inner));
}
