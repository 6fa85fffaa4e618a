import { EventTypeTable, type CatalogueRefusal, type TenantId } from '#domain';
import type { Buckets } from './buckets/buckets.js';

/**
 * What strict tenants' events are held to: their catalogues, in memory, as the
 * buckets have them. What would be refused is looked up in the bucket once
 * more, for the watch may be a moment behind whoever declared the type just now.
 */
export class EventCatalogues {
  private readonly table = new EventTypeTable();
  private readonly strict = new Set<TenantId>();

  private constructor(private readonly buckets: Pick<Buckets, 'tenants' | 'eventTypes'>) {}

  /** Resolves when all that the buckets hold is known. The watching ends with the bus. */
  static async watch(buckets: Pick<Buckets, 'tenants' | 'eventTypes'>): Promise<EventCatalogues> {
    const catalogues = new EventCatalogues(buckets);
    const { table, strict } = catalogues;
    await buckets.eventTypes.watch({
      changed: (type) => table.put(type),
      removed: (tenant, name) => table.remove(tenant, name),
    });
    await buckets.tenants.watch({
      changed: ({ id, strict_event_types }) => {
        if (strict_event_types) strict.add(id);
        else strict.delete(id);
      },
      removed: (id) => strict.delete(id),
    });
    return catalogues;
  }

  /**
   * Holds an event to its tenant's catalogue, if the tenant is strict.
   * @param data the JSON text of its data
   * @returns why it is refused; undefined when it is not, at once for most
   * @throws when NATS cannot be asked
   */
  refusalOf(tenant: TenantId, type: string, data: string): undefined | Promise<CatalogueRefusal | undefined> {
    if (!this.strict.has(tenant) || !this.table.refusalOf(tenant, type, data)) return undefined;
    return this.askedAgain(tenant, type, data);
  }

  private async askedAgain(tenant: TenantId, type: string, data: string) {
    const [stored, settings] = await Promise.all([
      this.buckets.eventTypes.get(tenant, type),
      this.buckets.tenants.get(tenant),
    ]);
    if (!settings?.strict_event_types) return undefined;
    if (stored) this.table.put(stored);
    else this.table.remove(tenant, type);
    return this.table.refusalOf(tenant, type, data);
  }
}
