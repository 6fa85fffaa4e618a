import { bringToBucket, repairBucket, type Bucket, type Bus, type Repaired } from '#bus';
import { DEFAULT_TENANT, type TenantId } from '#domain';
import {
  checkedEventTypeOf,
  EVENT_TYPES_TABLE,
  routedTenantOf,
  routedWebhookOf,
  TENANTS_TABLE,
  WEBHOOKS_TABLE,
  type LedgerRow,
  type RelayedTable,
  type RelaySession,
} from '#persistence';

/** A bucket that was written, and a revision of it that has all of that. */
export interface Brought {
  bucket: string;
  revision: number;
}

/** A kind of thing whose ledger is relayed: its rows become the values of a bucket. */
export interface RelayedAggregate {
  type: LedgerRow['aggregate_type'];
  /** Brings these into the bucket as they are now. */
  bring: (session: RelaySession, ids: { tenant: TenantId; id: string }[]) => Promise<Brought>;
  /** Makes the whole bucket what the table says, unless neither has changed since they agreed. */
  repair: (session: RelaySession) => Promise<Repaired>;
}

/**
 * Everything that the relay tells the data plane. A new kind is one more entry
 * here. Tenants come last, and `default` last of them: whoever finds it in a
 * bucket that was lost knows that all buckets are filled again (KnownTenants).
 */
export function relayedAggregates(bus: Pick<Bus, 'webhooks' | 'tenants' | 'eventTypes'>): RelayedAggregate[] {
  return [
    relayed(
      'event_type',
      EVENT_TYPES_TABLE,
      bus.eventTypes,
      ({ tenant, id }) => [tenant, id],
      checkedEventTypeOf,
    ),
    relayed('webhook', WEBHOOKS_TABLE, bus.webhooks, ({ tenant, id }) => [tenant, id], routedWebhookOf),
    relayed('tenant', TENANTS_TABLE, bus.tenants, ({ id }): [TenantId] => [id], routedTenantOf, isDefault),
  ];
}

/**
 * Where neither a bucket nor its table has changed since they agreed, they are
 * not compared again for so long. Reading 6,000 webhooks from both, once a
 * minute, had requests wait for 150 ms.
 */
const AGREED_FOR_MS = 3_600_000;

const isDefault = ([id]: [TenantId]) => id === DEFAULT_TENANT;

/**
 * @param keyOf the bucket's key, from what the ledger calls the aggregate
 * @param tell what the data plane is told of a row
 * @param isLast keys that are written when all others are
 */
function relayed<Row extends object, Key extends string[], Value extends { version: number }>(
  type: RelayedAggregate['type'],
  table: RelayedTable<Row>,
  bucket: Bucket<Key, Value>,
  keyOf: (aggregate: { tenant: TenantId; id: string }) => Key,
  tell: (row: Row) => Value,
  isLast: (key: Key) => boolean = () => false,
): RelayedAggregate {
  const idsOf = (row: Row) => ({ tenant: String(row[table.tenant]), id: String(row[table.id]) });
  let agreed: { mark: string; at: number } | undefined;
  return {
    type,
    bring: async (session, ids) => {
      const revision = await bringToBucket(bucket, ids, keyOf, async (wanted) => {
        const rows = await session.rows(table, wanted);
        return rows.map((row) => ({ key: keyOf(idsOf(row)), value: tell(row) }));
      });
      return { bucket: bucket.name, revision };
    },
    repair: async (session) => {
      const mark = `${await bucket.mark()} ${await session.mark(table)}`;
      if (agreed?.mark === mark && Date.now() - agreed.at < AGREED_FOR_MS) return { put: 0, removed: 0 };
      const rows = async function* () {
        for await (const row of session.allRows(table)) yield { key: keyOf(idsOf(row)), value: tell(row) };
      };
      const repaired = await repairBucket(bucket, rows, isLast);
      agreed = repaired.put + repaired.removed === 0 ? { mark, at: Date.now() } : undefined;
      return repaired;
    },
  };
}
