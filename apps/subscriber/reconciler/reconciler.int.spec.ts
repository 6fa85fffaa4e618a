import {
  Bus,
  DELIVERIES,
  decodeOwed,
  JOURNAL,
  readFacts,
  done,
  type Consumer,
  type OwedDelivery,
} from '#bus';
import { DEFAULT_TENANT, deliveryIdOf, newId, type DeliveryRef, type Fact } from '#domain';
import { migrate, openDatabase, Projection, type DataSource } from '#persistence';
import { startNats, startPostgres, TOPOLOGY, waitFor, type TestNats, type TestPostgres } from '#testing';
import { Reconciler } from './reconciler.js';

const MINUTE = 60_000;

let nats: TestNats;
let postgres: TestPostgres;
let bus: Bus;
let database: DataSource;
let projections: Consumer;
let reconciler: Reconciler;
/** Projections wait for it. */
let gate: Promise<void> = Promise.resolve();

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  await begin();
}, 60_000);

afterAll(async () => {
  await projections.drain(1_000);
  await bus.close();
  await database.destroy();
  await Promise.all([nats.stop(), postgres.stop()]);
});

/** What an app does that comes to a NATS without streams. */
async function begin(): Promise<void> {
  await bus.tenants.put({
    id: DEFAULT_TENANT,
    version: 1,
    strict_event_types: false,
    max_deliveries_per_hour_per_webhook: null,
  });
  const projection = new Projection(database);
  projections = bus.consumer({
    plan: {
      stream: JOURNAL,
      durable: 'projections',
      filter: 'journal.>',
      ackWaitMs: 30_000,
      maxAckPending: 500,
    },
    capacity: 100,
    handle: async (message) => {
      await gate;
      await projection.project(readFacts(message.payload));
      return done;
    },
    report: () => undefined,
  });
  await projections.start();
  reconciler = new Reconciler({
    bus,
    database,
    journal: bus.journal('subscriber'),
    observed: () => undefined,
    report: () => undefined,
  });
  await reconciler.round();
}

interface Story extends DeliveryRef {
  data: string;
}

function story(webhook = newId('wh'), minutesAgo = 10, data = '{"größe":1.0}'): Story {
  const created_at = Date.now() - minutesAgo * MINUTE;
  const event = newId('evt', created_at);
  const delivery = deliveryIdOf(event, webhook, created_at);
  return { tenant: 'default', event, webhook, delivery, created_at, event_type: 'order.created', data };
}

const accepted = ({ event, tenant, event_type, created_at, data, delivery, webhook }: Story): Fact => ({
  kind: 'event.accepted',
  tenant,
  id: event,
  type: event_type,
  timestamp: new Date(created_at).toISOString(),
  accepted_at: created_at,
  data,
  metadata: null,
  sequence: 1,
  match_count: 1,
  matches: [{ delivery, webhook }],
});

function attempted(
  { data: _data, ...ref }: Story,
  outcome: 'success' | 'retrying' | 'failed',
  next_attempt_at: number | null,
): Fact {
  return {
    kind: 'attempt.finished',
    ...ref,
    attempt: {
      id: newId('att'),
      number: 1,
      trigger: 'auto',
      started_at: ref.created_at + 5,
      duration_ms: 5,
      request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
      response: { status: outcome === 'success' ? 200 : 503, headers: {}, body: '', truncated: false },
      error: null,
    },
    outcome,
    next_attempt_at,
    reason: null,
  };
}

async function tell(facts: Fact[]): Promise<void> {
  const journal = bus.journal('spec');
  await Promise.all(facts.map((fact) => journal.append(fact)));
  await journal.close(1_000);
}

const projected = async () => expect(await bus.readAll(JOURNAL, 'projections', 20_000)).toBe(true);

/** Writes facts into the record, and lets the time pass after which what they left open is looked at. */
async function record(...facts: Fact[]): Promise<void> {
  await tell(facts);
  await projected();
  await database.query(`UPDATE left_open SET check_at = now() - interval '1 minute'`);
}

const owedOf = ({ data: _data, ...story }: Story, attempt = 1): OwedDelivery => ({
  ...story,
  delivery: story.delivery,
  timestamp: new Date(story.created_at).toISOString(),
  owed_at: story.created_at,
  attempt,
  trigger: 'auto',
  sequence: 1,
  by_reference: false,
});

/** Takes so many messages of a webhook out of the queue. */
async function queued(webhook: string, count: number, kind: 'ready' | 'lane' | 'later' = 'ready') {
  const filter = {
    ready: `deliveries.ready.*.${webhook}`,
    lane: `deliveries.lane.${webhook}`,
    later: `deliveries.later.${webhook}.*`,
  };
  const found: { owed: OwedDelivery; data: string }[] = [];
  const consumer = bus.consumer({
    plan: {
      stream: DELIVERIES,
      durable: newId('att'),
      filter: filter[kind],
      ackWaitMs: 30_000,
      maxAckPending: 500,
    },
    capacity: 200,
    handle: (message) => {
      const { owed, data } = decodeOwed(message.payload);
      found.push({ owed, data: data.toString() });
      return Promise.resolve(done);
    },
    report: () => undefined,
  });
  await consumer.start();
  await waitFor(() => expect(found).toHaveLength(count));
  await consumer.drain(1_000);
  return found;
}

const isMissing = async (delivery: Story) => (await bus.lookIntoQueue().missing([delivery])).length === 1;

const leftOpen = async () => {
  const rows = await database.query<{ deliveries: string[] }[]>('SELECT deliveries FROM left_open');
  return rows.flatMap(({ deliveries }) => deliveries);
};
const nothing = { end: 'through', queued: 0, expired: 0 };

describe('a round of the reconciler', () => {
  beforeEach(() => database.query('TRUNCATE left_open'));

  it('queues a delivery again that is overdue and has no message, as the record has it', async () => {
    const lost = story();
    const retried = story();
    await record(accepted(lost), accepted(retried), attempted(retried, 'retrying', Date.now() - 5 * MINUTE));
    expect(await reconciler.round()).toMatchObject({ end: 'through', whole: false, queued: 2, expired: 0 });
    expect(await queued(lost.webhook, 1)).toEqual([{ owed: owedOf(lost), data: lost.data }]);
    expect(await queued(retried.webhook, 1)).toEqual([{ owed: owedOf(retried, 2), data: retried.data }]);
  });

  it('queues it with its metadata, as they were written', async () => {
    const lost = story();
    const metadata = '{ "b": 1.50, "a": 9007199254740993 }';
    await record({ ...accepted(lost), metadata } as Fact);
    expect(await reconciler.round()).toMatchObject({ queued: 1 });
    expect(await queued(lost.webhook, 1)).toEqual([{ owed: { ...owedOf(lost), metadata }, data: lost.data }]);
  });

  it('queues again what a person brought back, owed since then', async () => {
    const lost = story();
    const owed_at = Date.now() - 2 * MINUTE;
    const { data: _data, ...ref } = lost;
    await record(accepted(lost), attempted(lost, 'failed', null), {
      kind: 'delivery.brought_back',
      ...ref,
      owed_at,
      trigger: 'manual',
      attempt_count: 1,
    });
    expect(await reconciler.round()).toMatchObject({ end: 'through', queued: 1, expired: 0 });
    expect(await queued(lost.webhook, 1)).toEqual([
      { owed: { ...owedOf(lost, 2), owed_at }, data: lost.data },
    ]);
  });

  it('lets be what is ready, in a lane, scheduled, not overdue, or has ended', async () => {
    const [ready, held, later, fresh, ended] = [story(), story(), story(), story(newId('wh'), 0), story()];
    const data = Buffer.from('{}');
    await bus.deliveries.ready(owedOf(ready), data);
    await bus.deliveries.hold(owedOf(held), data);
    await bus.deliveries.later(owedOf(later), data, Date.now() + MINUTE);
    await record(...[ready, held, later, fresh, ended].map(accepted), attempted(ended, 'success', null));
    expect(await reconciler.round()).toMatchObject(nothing);
    expect((await leftOpen()).sort()).toEqual(
      [ready, held, later, fresh].map(({ delivery }) => delivery).sort(),
    );
  });

  it('finds the one that is missing among others of its webhook', async () => {
    const there = story();
    const lost = story(there.webhook);
    await bus.deliveries.ready(owedOf(there), Buffer.from('{}'));
    await record(accepted(there), accepted(lost));
    expect(await reconciler.round()).toMatchObject({ queued: 1 });
    expect((await queued(lost.webhook, 2)).map(({ owed }) => owed.delivery)).toEqual([
      there.delivery,
      lost.delivery,
    ]);
  });

  it('queues in the order in which events were accepted', async () => {
    const webhook = newId('wh');
    const lost = Array.from({ length: 100 }, (_, i) => story(webhook, 10 + ((i * 37) % 100)));
    await record(...lost.map(accepted));
    expect(await reconciler.round()).toMatchObject({ queued: 100 });
    const ids = (await queued(webhook, 100)).map(({ owed }) => owed.delivery);
    expect(ids).toEqual(lost.map(({ delivery }) => delivery).sort());
  });

  it('forgets what has moved on: whoever moved it left it open anew', async () => {
    const moved = story();
    await record(accepted(moved), attempted(moved, 'retrying', Date.now() + 10 * MINUTE));
    await record(accepted(moved));
    await bus.deliveries.later(owedOf(moved, 2), Buffer.from('{}'), Date.now() + 10 * MINUTE);
    expect(await reconciler.round()).toMatchObject(nothing);
    expect(await leftOpen()).toEqual([moved.delivery]);
  });

  it('does not queue again what ends while it looks', async () => {
    const ending = story();
    await record(accepted(ending));
    let open = () => {};
    gate = new Promise((resolve) => (open = resolve));
    await tell([attempted(ending, 'success', null)]);
    const round = reconciler.round();
    setTimeout(open, 300);
    expect(await round).toMatchObject(nothing);
    expect(await isMissing(ending)).toBe(true);
  });

  it('does nothing while the buckets are not filled', async () => {
    const lost = story();
    await record(accepted(lost));
    await bus.tenants.remove(DEFAULT_TENANT);
    expect(await reconciler.round()).toMatchObject({ end: 'behind', looked: 0 });
    await bus.tenants.put({
      id: DEFAULT_TENANT,
      version: 2,
      strict_event_types: false,
      max_deliveries_per_hour_per_webhook: null,
    });
    expect(await reconciler.round()).toMatchObject({ end: 'through', queued: 1 });
  });

  it('is made by one replica at a time', async () => {
    const runner = database.createQueryRunner();
    await runner.query('SELECT pg_advisory_lock(7401009)');
    expect(await reconciler.round()).toMatchObject({ end: 'elsewhere' });
    await runner.query('SELECT pg_advisory_unlock(7401009)');
    await runner.release();
    expect(await reconciler.round()).toMatchObject({ end: 'through' });
  });

  it('ends as cancelled, visibly, what nobody has the payload of any more', async () => {
    const gone = story();
    const fact = accepted(gone);
    if (fact.kind === 'event.accepted') fact.data = null;
    await record(fact);
    expect(await reconciler.round()).toMatchObject({ queued: 0, expired: 1 });
    await projected();
    expect(
      await database.query('SELECT status, reason FROM deliveries WHERE id = $1', [gone.delivery]),
    ).toEqual([{ status: 'cancelled', reason: 'payload_expired' }]);
  });

  it('goes through tens of thousands in one go', async () => {
    const webhook = newId('wh');
    const many = Array.from({ length: 20_000 }, () => story(webhook));
    await record(...many.map(accepted));
    expect(await reconciler.round()).toMatchObject({ end: 'through', looked: 20_000, queued: 20_000 });
    await database.query(`UPDATE left_open SET check_at = now() - interval '1 minute'`);
    expect(await reconciler.round()).toMatchObject({ end: 'through', looked: 20_000, queued: 0 });
  }, 120_000);

  it('after the store of NATS was lost, queues all that is open, each when it is due', async () => {
    const held = story();
    const scheduled = story();
    const dueAt = Date.now() + 5 * MINUTE;
    await tell([accepted(held), accepted(scheduled), attempted(scheduled, 'retrying', dueAt)]);
    await projected();
    await projections.drain(1_000);
    await nats.halt();
    await nats.loseStore();
    await nats.restart();
    await waitFor(() => bus.ensureTopology(), 20_000);
    await begin();
    expect(await queued(held.webhook, 1)).toEqual([{ owed: owedOf(held), data: held.data }]);
    expect((await queued(scheduled.webhook, 1, 'later')).map(({ owed }) => owed)).toEqual([
      owedOf(scheduled, 2),
    ]);
    expect(await reconciler.round()).toMatchObject({ end: 'through', whole: false, queued: 0 });
  }, 60_000);
});
