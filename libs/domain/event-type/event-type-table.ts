import type { Fault } from '../fault.js';
import type { TenantId } from '../ids.js';
import { compileDataCheck, type DataCheck } from './data-check.js';
import type { CheckedEventType } from './declared-event-type.js';
import type { JsonSchema } from './event-type-schema.js';

/** Why an event is not what its tenant's catalogue says. */
export interface CatalogueRefusal {
  reason: 'unknown_event_type' | 'invalid_data';
  /** Paths into the event: `type`, `data.order.id`. */
  faults: Fault[];
}

interface Entry {
  type: CheckedEventType;
  /** Made when the first event of this version comes. */
  check: DataCheck | undefined;
}

/** The catalogues of all tenants, in memory, fed from the KV bucket: what strict tenants' events are held to. */
export class EventTypeTable {
  private readonly entries = new Map<string, Entry>();

  /** How many event types there are. */
  get size(): number {
    return this.entries.size;
  }

  /** Takes an event type in, unless a later version is there already. */
  put(type: CheckedEventType): void {
    const key = `${type.tenant}.${type.name}`;
    const known = this.entries.get(key);
    if (!known || known.type.version < type.version) this.entries.set(key, { type, check: undefined });
  }

  remove(tenant: TenantId, name: string): void {
    this.entries.delete(`${tenant}.${name}`);
  }

  /**
   * Holds an event to its tenant's catalogue.
   * @param data the JSON text of its data
   * @returns why it is refused; undefined when it is not
   */
  refusalOf(tenant: TenantId, type: string, data: string): CatalogueRefusal | undefined {
    const entry = this.entries.get(`${tenant}.${type}`);
    if (!entry) return unknown(`is not an event type of the catalogue: ${type}`);
    if (entry.type.archived) return unknown(`is archived: ${type}`);
    const { schema } = entry.type;
    if (schema === null) return undefined;
    entry.check ??= checkOf(schema);
    const faults = entry.check(JSON.parse(data), data.length);
    return faults.length === 0 ? undefined : { reason: 'invalid_data', faults };
  }
}

function unknown(message: string): CatalogueRefusal {
  return { reason: 'unknown_event_type', faults: [{ path: 'type', message }] };
}

/** Schemas were checked when they were saved; one that cannot be used all the same refuses every event, and says so. */
function checkOf(schema: JsonSchema): DataCheck {
  try {
    return compileDataCheck(schema);
  } catch (error) {
    const message = `cannot be checked, for the schema is not usable: ${(error as Error).message}`;
    return () => [{ path: 'data', message }];
  }
}
