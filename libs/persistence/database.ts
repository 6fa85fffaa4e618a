import { DataSource } from 'typeorm';
import { databaseAddress } from './database-address.js';
import { EventTypeRow } from './event-type/event-type-row.js';
import { IdempotencyRow } from './idempotency/idempotency-row.js';
import { JobRow } from './job/job-row.js';
import { KeyRow } from './key/key-row.js';
import { LedgerRow } from './ledger/ledger-row.js';
import { ControlPlaneAndRecord1763800000000 } from './migrations/1763800000000-control-plane-and-record.js';
import { TenantsAndKeys1763900000000 } from './migrations/1763900000000-tenants-and-keys.js';
import { WebhookFields1764000000000 } from './migrations/1764000000000-webhook-fields.js';
import { EventTypes1764100000000 } from './migrations/1764100000000-event-types.js';
import { SearchForWebhooks1764200000000 } from './migrations/1764200000000-search-for-webhooks.js';
import { EveryField1764300000000 } from './migrations/1764300000000-every-field.js';
import { ListsOfWebhooks1764400000000 } from './migrations/1764400000000-lists-of-webhooks.js';
import { Jobs1764500000000 } from './migrations/1764500000000-jobs.js';
import { WebhookActivity1764600000000 } from './migrations/1764600000000-webhook-activity.js';
import { LeftOpen1764700000000 } from './migrations/1764700000000-left-open.js';
import { OwedAgain1764800000000 } from './migrations/1764800000000-owed-again.js';
import { Ownership1764900000000 } from './migrations/1764900000000-ownership.js';
import { WebhooksById1764910000000 } from './migrations/1764910000000-webhooks-by-id.js';
import { ConsoleOfAttempts1764920000000 } from './migrations/1764920000000-console-of-attempts.js';
import { Statistics1764930000000 } from './migrations/1764930000000-statistics.js';
import { TagsCounted1764960000000 } from './migrations/1764960000000-tags-counted.js';
import { OperationalEvents1764970000000 } from './migrations/1764970000000-operational-events.js';
import { OperationalNoticeRow } from './operational-events/operational-notice-row.js';
import { TenantMailRow } from './operational-events/tenant-mail-row.js';
import { WebhookTroubleRow } from './operational-events/webhook-trouble-row.js';
import { PromptClient } from './prompt-client.js';
import { AttemptRow } from './record/attempt-row.js';
import { DeliveryRow } from './record/delivery-row.js';
import { EventRow } from './record/event-row.js';
import { LeftOpenRow } from './record/left-open-row.js';
import { RelayPositionRow } from './relay/relay-position-row.js';
import { MinuteTallyRow } from './statistics/minute-tally-row.js';
import { TallyDeltaRow } from './statistics/tally-delta-row.js';
import { TallyRow } from './statistics/tally-row.js';
import { TenantRow } from './tenant/tenant-row.js';
import { WebhookActivityRow } from './webhook-activity/webhook-activity-row.js';
import { WebhookRow } from './webhook/webhook-row.js';
import { WebhookTagRow } from './webhook/webhook-tag-row.js';

export interface DatabaseOptions {
  /** Shown in pg_stat_activity, so that an operator sees who holds a connection. */
  name: string;
  /** Connections at most. */
  poolSize?: number;
  /** Whose tables are meant where a statement names no schema; those of the user's search path where left out. */
  schema?: string;
  /** Told about connections that broke while nobody used them; the pool replaces them. */
  onIdleError?: (error: Error) => void;
}

/**
 * The database, not yet connected: `initialize()` connects, `destroy()` closes.
 * @param text postgres://user:password@host:port/database, with TLS as databaseAddress reads it
 * @throws DatabaseAddressError when what it says of TLS cannot be followed
 */
export function createDatabase(text: string, options: DatabaseOptions): DataSource {
  const { url, ssl } = databaseAddress(text);
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    ssl,
    applicationName: options.name,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5_000,
    entities: [
      LedgerRow,
      TenantRow,
      KeyRow,
      IdempotencyRow,
      WebhookRow,
      WebhookTagRow,
      RelayPositionRow,
      EventRow,
      DeliveryRow,
      AttemptRow,
      EventTypeRow,
      WebhookActivityRow,
      JobRow,
      LeftOpenRow,
      TallyRow,
      MinuteTallyRow,
      TallyDeltaRow,
      WebhookTroubleRow,
      OperationalNoticeRow,
      TenantMailRow,
    ],
    migrations: [
      ControlPlaneAndRecord1763800000000,
      TenantsAndKeys1763900000000,
      WebhookFields1764000000000,
      EventTypes1764100000000,
      SearchForWebhooks1764200000000,
      EveryField1764300000000,
      ListsOfWebhooks1764400000000,
      Jobs1764500000000,
      WebhookActivity1764600000000,
      LeftOpen1764700000000,
      OwedAgain1764800000000,
      Ownership1764900000000,
      WebhooksById1764910000000,
      ConsoleOfAttempts1764920000000,
      Statistics1764930000000,
      TagsCounted1764960000000,
      OperationalEvents1764970000000,
    ],
    migrationsTableName: 'migrations',
    installExtensions: false,
    // Sequences and positions stay far below 2^53, and a number is what the API answers with.
    parseInt8: true,
    poolErrorHandler: options.onIdleError ?? (() => undefined),
    extra: {
      Client: PromptClient,
      keepAlive: true,
      // Extensions lie in the other one.
      ...(options.schema === undefined ? {} : { options: `-c search_path=${options.schema},public` }),
      // A transaction forgotten by a stuck process must not hold back the relay, which waits for older ones.
      idle_in_transaction_session_timeout: 30_000,
    },
  });
  // TypeORM does not list PostgreSQL's 64-bit transaction id; everything else about it works.
  dataSource.driver.supportedDataTypes.push('xid8' as never);
  return dataSource;
}

/**
 * The database, connected.
 * @throws DatabaseAddressError; what the driver says when the server cannot be reached (see isUnavailable)
 */
export async function openDatabase(url: string, options: DatabaseOptions): Promise<DataSource> {
  return createDatabase(url, options).initialize();
}
