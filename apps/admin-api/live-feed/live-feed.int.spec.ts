import { setTimeout as sleep } from 'node:timers/promises';
import { Bus, type JournalWriter } from '#bus';
import { deliveryIdOf, newId, type AttemptFinished, type DeliveryRef, type Fact } from '#domain';
import { TOPOLOGY, waitFor } from '#testing';
import { member, OPERATOR_KEY, startApi, type TestApi } from '../testing/api-for-tests.js';
import { listenTo, type EventStream } from '../testing/event-stream.js';
import type { FeedFilter } from './feed-filter.js';
import { placeOfText } from './feed-item.js';
import type { FeedListener } from './feed-listener.js';
import { FEED_LIMITS, LiveFeed, type FeedLimits } from './live-feed.js';

const STREAM = '/api/v1/deliveries/stream';

let api: TestApi;
let bus: Bus;
let journal: JournalWriter;
const opened: EventStream[] = [];
beforeAll(async () => {
  api = await startApi();
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  journal = bus.journal('spec');
}, 60_000);
afterEach(() => opened.splice(0).forEach((stream) => stream.close()));
afterAll(async () => {
  await journal.close(1_000);
  await bus.close();
  await api.stop();
});

async function listen(query = '', headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = await listenTo(`${api.url}${STREAM}${query}`, {
    authorization: `Bearer ${OPERATOR_KEY}`,
    ...headers,
  });
  opened.push(stream);
  return stream;
}

let made = 0;
function ref(change: Partial<DeliveryRef> = {}): DeliveryRef {
  const at = Date.now();
  const event = `e-${++made}`;
  const webhook = change.webhook ?? 'wh_1';
  return {
    ...{ tenant: 'default', delivery: deliveryIdOf(event, webhook, at), event, webhook },
    ...{ event_type: 'order.paid', created_at: at },
    ...change,
  };
}

const accepted = (of: DeliveryRef): Fact => ({
  ...{ kind: 'event.accepted', tenant: of.tenant, id: of.event, type: of.event_type },
  ...{ timestamp: new Date(of.created_at).toISOString(), accepted_at: of.created_at },
  ...{ data: '{"secret":"of the payload"}', metadata: null, sequence: 1, match_count: 1 },
  matches: [{ delivery: of.delivery, webhook: of.webhook }],
});

function attempted(of: DeliveryRef, outcome: AttemptFinished['outcome'] = 'success'): AttemptFinished {
  const failed = outcome !== 'success';
  return {
    kind: 'attempt.finished',
    ...of,
    attempt: {
      ...{ id: newId('att'), number: 1, trigger: 'auto', started_at: of.created_at, duration_ms: 12 },
      request: { method: 'POST', url: 'https://example.com/secret', headers: { a: 'b' }, body: 'the body' },
      response: { status: failed ? 503 : 204, headers: { c: 'd' }, body: 'the answer', truncated: false },
      error: failed ? { kind: 'http_status', message: 'The receiver answered 503.' } : null,
    },
    outcome,
    next_attempt_at: outcome === 'retrying' ? of.created_at + 1_000 : null,
    reason: null,
  };
}

const tell = (...facts: Fact[]) => Promise.all(facts.map((fact) => journal.append(fact)));
const deliveriesIn = ({ events }: EventStream) =>
  events.filter(({ event }) => event === 'delivery').map(({ data }) => (data as { id: string }).id);

describe('GET /deliveries/stream', () => {
  it('tells of each state of a delivery, as the delivery is shown and without what was sent', async () => {
    const stream = await listen();
    expect([stream.status, stream.headers['content-type']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(stream.headers['cache-control']).toBe('no-store');
    const of = ref();
    await tell(accepted(of), attempted(of, 'retrying'));
    await waitFor(() => expect(stream.events).toHaveLength(2));
    const shown = {
      ...{ id: of.delivery, event_id: of.event, event_type: 'order.paid', webhook_id: 'wh_1' },
      ...{ created_at: new Date(of.created_at).toISOString(), completed_at: null, reason: null },
    };
    expect(stream.events.map(({ event, data }) => [event, data])).toEqual([
      ['delivery', { ...shown, status: 'pending', attempt_count: 0, next_attempt_at: null, attempt: null }],
      [
        'delivery',
        {
          ...{ ...shown, status: 'retrying', attempt_count: 1 },
          next_attempt_at: new Date(of.created_at + 1_000).toISOString(),
          attempt: {
            ...{ id: expect.stringMatching(/^att_/) as string, number: 1, trigger: 'auto' },
            ...{ started_at: shown.created_at, duration_ms: 12, status_code: 503 },
            error: { kind: 'http_status', message: 'The receiver answered 503.' },
          },
        },
      ],
    ]);
    const ids = stream.events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^\d+\.\d+$/);
  });

  it.each<[string, FeedFilter]>([
    ['webhook_id=wh_2', { webhook_id: 'wh_2' }],
    ['event_type=invoice.*', { event_type: 'invoice.*' }],
    ['status=failed', { status: 'failed' }],
    ['status_code=503', { status_code: 503 }],
    ['event_id=the-one', { event_id: 'the-one' }],
  ])('?%s tells of those alone', async (query) => {
    const stream = await listen(`?${query}`);
    const other = ref();
    const wanted = ref({ webhook: 'wh_2', event_type: 'invoice.sent', event: 'the-one' });
    await tell(attempted(other), attempted(wanted, 'failed'), attempted(ref()));
    await waitFor(() => expect(deliveriesIn(stream)).toEqual([wanted.delivery]));
    await sleep(100);
    expect(stream.events).toHaveLength(1);
  });

  it('tells nobody of another tenant’s, whatever they ask for', async () => {
    const theirs = ref({ tenant: 'globex', webhook: 'wh_theirs' });
    const streams = await Promise.all(
      ['', '?webhook_id=wh_theirs', `?event_id=${theirs.event}`].map((query) =>
        listen(query, { 'tidings-tenant': 'acme' }),
      ),
    );
    const own = await listen('', { 'tidings-tenant': 'globex' });
    await tell(accepted(theirs), attempted(theirs));
    await waitFor(() => expect(own.events).toHaveLength(2));
    await sleep(100);
    expect(streams.flatMap(({ events }) => events)).toEqual([]);
    const again = await listen('', { 'tidings-tenant': 'acme', 'last-event-id': '1.0' });
    await sleep(300);
    expect(again.events).toEqual([]);
  });

  it('goes on after the last event that a client had, without a gap and without telling twice', async () => {
    const before = await listen();
    const all = Array.from({ length: 300 }, () => ref());
    const first = all.slice(0, 10);
    await tell(...first.map((of) => attempted(of)));
    await waitFor(() => expect(before.events).toHaveLength(10));
    before.close();
    // While nobody listens, and while the client is told what it missed.
    const missed = all.slice(10, 200);
    await tell(...missed.map((of) => attempted(of)));
    const telling = (async () => {
      for (const of of all.slice(200)) await tell(attempted(of));
    })();
    const after = await listen('', { 'last-event-id': before.events[4]!.id! });
    await telling;
    await waitFor(() => expect(after.events).toHaveLength(295));
    expect(deliveriesIn(after)).toEqual(all.slice(5).map(({ delivery }) => delivery));
    expect(after.events.slice(0, 5)).toEqual(before.events.slice(5));
    const inQuery = await listen(`?last_event_id=${after.events.at(-3)!.id!}`);
    await waitFor(() => expect(inQuery.events).toEqual(after.events.slice(-2)));
  });

  it('says that there is a gap after an id that is not kept any more, or comes from another journal', async () => {
    const stream = await listen('', { 'last-event-id': '999999999.0' });
    await waitFor(() =>
      expect(stream.events).toMatchObject([{ event: 'gap', data: { after: '999999999.0' } }]),
    );
    const of = ref();
    await tell(attempted(of));
    await waitFor(() => expect(deliveriesIn(stream)).toEqual([of.delivery]));
  });

  it('refuses ids that it never gave, and filters that are none', async () => {
    for (const [query, path] of [
      ['last_event_id=last', 'Last-Event-ID'],
      ['status=done', 'status'],
      ['status_code=20', 'status_code'],
      ['event_type=a..b', 'event_type'],
      ['colour=red', 'colour'],
    ]) {
      const { status, json } = await api.ask('GET', `${STREAM}?${query}`);
      expect([status, json]).toMatchObject([422, { code: 'invalid_request', errors: [{ path }] }]);
    }
  });

  it('ends when its key is revoked', async () => {
    const made = await api.ask('POST', '/api/v1/keys', { name: 'listener', role: 'viewer' });
    const stream = await listen('', { authorization: `Bearer ${member(made, 'key')}` });
    expect(stream.status).toBe(200);
    await api.ask('DELETE', `/api/v1/keys/${member(made, 'id')}`);
    await waitFor(() => expect(stream.isOver).toBe(true), 10_000);
  });

  it('drops a client that does not read, and the others notice nothing', async () => {
    const stuck = await listen();
    const reading = await listen();
    stuck.pause();
    const many = Array.from({ length: 20_000 }, () => ref({ webhook: `wh_${'x'.repeat(600)}` }));
    for (let n = 0; n < many.length; n += 1_000)
      await tell(...many.slice(n, n + 1_000).map((of) => attempted(of)));
    await waitFor(() => expect(reading.events).toHaveLength(many.length), 30_000);
    stuck.resume();
    await waitFor(() => expect(stuck.isOver).toBe(true), 10_000);
    expect(stuck.events.length).toBeLessThan(many.length);
  }, 60_000);

  it('does not keep the API from stopping', async () => {
    const reading = await listen();
    const stuck = await listen();
    stuck.pause();
    const begun = performance.now();
    await api.halt();
    expect(performance.now() - begun).toBeLessThan(5_000);
    await waitFor(() => expect(reading.isOver).toBe(true));
    await api.resume();
  }, 30_000);
});

describe('the live feed of a process', () => {
  const feeds: LiveFeed[] = [];
  const feedWith = (limits: Partial<FeedLimits> = {}) => {
    const feed = new LiveFeed(bus, { ...FEED_LIMITS, ...limits });
    feeds.push(feed);
    return feed;
  };
  afterEach(() => Promise.all(feeds.splice(0).map((feed) => feed.onModuleDestroy())));

  const open = (feed: LiveFeed, tenant = 'default', after?: { sequence: number; index: number }) =>
    feed.listen({ tenant, filter: {}, after, isAllowed: () => Promise.resolve(true) });

  function textsOf({ output }: FeedListener): string[] {
    const texts: string[] = [];
    output.setEncoding('utf8').on('data', (text: string) => texts.push(text));
    return texts;
  }

  it('shows that it is there while nothing happens', async () => {
    const texts = textsOf(await open(feedWith({ heartbeatMs: 30 })));
    await waitFor(() => expect(texts.filter((text) => text.startsWith(':')).length).toBeGreaterThan(2));
  });

  it('gives its place with that, so that who hears of little misses nothing and has little to be told again', async () => {
    const feed = feedWith({ heartbeatMs: 30, catchUp: 2 });
    const listener = await feed.listen({
      ...{ tenant: 'default', filter: { webhook_id: 'wh_rare' }, after: undefined },
      isAllowed: () => Promise.resolve(true),
    });
    const texts = textsOf(listener);
    for (let n = 0; n < 5; n++) await tell(attempted(ref()));
    const { last } = await bus.journalFollower('spec').bounds();
    const place = await waitFor(() => {
      const ids = texts.join('').match(/(?<=^id: ).*$/gm) ?? [];
      expect(ids.at(-1)).toBe(`${last}.999999999`);
      return placeOfText(ids.at(-1)!);
    });
    const rare = ref({ webhook: 'wh_rare' });
    await tell(attempted(rare));
    const again = textsOf(await open(feed, 'default', place));
    await waitFor(() => expect(again.join('')).toContain(rare.delivery));
    expect(again.join('')).not.toContain('gap');
  });

  it('takes so many of a tenant, and so many in all, and more when some have gone', async () => {
    const feed = feedWith({ listenersOfTenant: 2, listeners: 3 });
    const [first] = await Promise.all([open(feed, 'a'), open(feed, 'a'), open(feed, 'b')]);
    await expect(open(feed, 'a')).rejects.toMatchObject({ code: 'rate_limited' });
    await expect(open(feed, 'c')).rejects.toMatchObject({ code: 'rate_limited' });
    first.drop();
    await waitFor(() => expect(first.isOver).toBe(true));
    await sleep(5);
    textsOf(await open(feed, 'a'));
  });

  it('tells the same ids in every process', async () => {
    const [one, other] = await Promise.all(
      [open(feedWith()), open(feedWith())].map(async (each) => textsOf(await each)),
    );
    await tell(...Array.from({ length: 20 }, () => attempted(ref())));
    const ids = (texts: string[]) => texts.join('').match(/^id: .*$/gm) ?? [];
    await waitFor(() => expect([ids(one!).length, ids(other!).length]).toEqual([20, 20]));
    expect(ids(one!)).toEqual(ids(other!));
  });

  it('tells of a gap where more was missed than is read again', async () => {
    const { last } = await bus.journalFollower('spec').bounds();
    for (let n = 0; n < 5; n++) await tell(attempted(ref()));
    const texts = textsOf(await open(feedWith({ catchUp: 3 }), 'default', { sequence: last, index: 0 }));
    await waitFor(() => expect(texts.join('')).toContain(`event: gap\ndata: {"after":"${last}.0"}`));
  });

  it('drops who does not read before much waits for it', async () => {
    const feed = feedWith();
    const stuck = await open(feed);
    const texts = textsOf(await open(feed));
    let most = 0;
    for (let n = 0; n < 30 && !stuck.isOver; n++) {
      await tell(...Array.from({ length: 200 }, () => attempted(ref())));
      most = Math.max(most, stuck.output.readableLength);
    }
    await waitFor(() => expect(stuck.isOver).toBe(true));
    expect(most).toBeLessThanOrEqual(1_048_576);
    const of = ref();
    await tell(attempted(of));
    await waitFor(() => expect(texts.join('')).toContain(of.delivery));
  }, 30_000);
});
