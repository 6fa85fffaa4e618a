import { z } from 'zod';

const time = z.iso.datetime({ precision: 3 });
const NATS_AWAY = 'Null while NATS does not answer.';
const POSTGRES_AWAY = 'Null while PostgreSQL does not answer.';

const stream = z.object({
  name: z.string(),
  messages: z.int(),
  bytes: z.int(),
  first_sequence: z.int(),
  last_sequence: z.int(),
  first_at: time.nullable().describe('When the oldest message was stored; null when there is none.'),
  last_at: time.nullable(),
  max_age_seconds: z.number().nullable().describe('How long messages are kept; null for no such limit.'),
  max_bytes: z.int().nullable().describe("Null where only the server's store is the limit."),
});

const consumer = z.object({
  stream: z.string(),
  name: z.string(),
  pending: z.int().describe('Messages that were not handed out yet.'),
  ack_pending: z.int().describe('Messages that were handed out and are not acknowledged.'),
  redelivered: z.int().describe('Of those, the ones that were handed out more than once.'),
  lag_seconds: z
    .number()
    .describe('The age of the oldest message that is not acknowledged; 0 when there is none.'),
});

const dispatcher = z.object({
  id: z.string().describe('New for each start of the process.'),
  leaving: z.boolean().describe('It is stopping, and gives its partitions to the others.'),
  announced_at: time.describe('When it last gave a sign of life; one that gives none is forgotten.'),
  partitions: z.int().describe('How many partitions have their home there.'),
});

const relay = z.object({
  sequence: z
    .int()
    .nullable()
    .describe('The ledger entry up to which all is told; null when no relay ever ran.'),
  moved_at: time.nullable(),
  waiting: z.int().describe('Changes that are not told to routing and dispatch yet.'),
  lag_seconds: z.number().describe('The age of the oldest of them; 0 when there is none.'),
});

const table = z.object({
  name: z.string(),
  partitions: z.int().describe('One for each day that is kept, and those that are made ahead.'),
  bytes: z.int().describe('With indexes.'),
});

export const systemView = z
  .object({
    away: z.array(z.enum(['nats', 'postgres'])).describe('What did not answer within two seconds.'),
    versions: z.object({
      tidings: z.string().describe('Of the replica that answers, as is `node`.'),
      node: z.string(),
      nats: z.string().nullable().describe('Of the server that this replica is connected to.'),
      postgres: z.string().nullable(),
    }),
    lag: z
      .object({
        routing_seconds: z.number().nullable().describe('Of events that are not routed yet.'),
        projection_seconds: z.number().nullable().describe('Of facts that are not in the record yet.'),
        relay_seconds: z
          .number()
          .nullable()
          .describe('Of changes that routing and dispatch do not know yet.'),
      })
      .describe('The age of the oldest that waits, 0 when none does; null where it is not known.'),
    queue: z
      .object({
        ready: z.int().describe('Deliveries that are due and not taken, or in hand.'),
        lane: z.int().describe('Those that wait until their webhook can take them.'),
        later: z.int().describe('Retries that are scheduled.'),
      })
      .nullable()
      .describe(NATS_AWAY),
    replicas: z
      .object({
        dispatchers: z.array(dispatcher),
        partitions: z.int(),
        partitions_without_home: z
          .int()
          .describe('Whose webhooks get nothing now; more than 0 for some seconds after a dispatcher died.'),
      })
      .nullable()
      .describe(NATS_AWAY),
    store: z
      .object({
        bytes: z.int(),
        max_bytes: z.int().nullable().describe('Null where only the disk is the limit.'),
      })
      .nullable()
      .describe('What all streams and buckets hold together. ' + NATS_AWAY),
    streams: z.array(stream).nullable().describe(NATS_AWAY),
    consumers: z
      .array(consumer)
      .nullable()
      .describe('Those that all subscribers share, once they were made. ' + NATS_AWAY),
    relay: relay.nullable().describe(POSTGRES_AWAY),
    database: z
      .object({ bytes: z.int(), tables: z.array(table).describe('Those that are partitioned by day.') })
      .nullable()
      .describe(POSTGRES_AWAY),
    jobs: z
      .object({ pending: z.int(), running: z.int() })
      .nullable()
      .describe('Jobs of all tenants that have not ended. ' + POSTGRES_AWAY),
  })
  .meta({ id: 'System' });
export type SystemView = z.output<typeof systemView>;
