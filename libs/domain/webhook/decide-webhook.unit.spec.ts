import { DEFAULT_RETRY, type RetryPolicy } from '../delivery/retry-policy.js';
import type { WebhookCommand } from './decide-webhook.js';
import { created, decided, definition, deleted, given, later, paused } from './testing/webhook-story.js';
import type { WebhookDefinition } from './webhook.js';
import { WebhookExists, WebhookInvalid, WebhookNotFound, WebhookVersionConflict } from './webhook-errors.js';
import type { WebhookEvent } from './webhook-events.js';

const create = (change: Partial<WebhookDefinition> = {}): WebhookCommand => ({
  ...decided,
  kind: 'create',
  definition: { ...definition, ...change },
  secret: 'generated',
});
const change = (fields: Partial<WebhookDefinition>, expectedVersion?: number): WebhookCommand => ({
  ...later,
  kind: 'change',
  change: fields,
  expectedVersion,
});
const remove = (expectedVersion?: number): WebhookCommand => ({ ...later, kind: 'delete', expectedVersion });

describe('creating a webhook', () => {
  it('given none: it is created, with who, when and which secret, but not the secret', () => {
    expect(given().when(create())()).toEqual([created]);
  });

  it('given one of the same id, even a deleted one: refused', () => {
    expect(given(created).when(create())).toThrow(WebhookExists);
    expect(given(created, deleted).when(create())).toThrow(WebhookExists);
  });

  const retry = (fields: Partial<RetryPolicy>) => ({ retry: { ...DEFAULT_RETRY, ...fields } });
  it.each<[string, Partial<WebhookDefinition>, string]>([
    ['no name', { name: '' }, 'name'],
    ['a name of 201 characters', { name: 'n'.repeat(201) }, 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'name'],
    ['a name with half a character', { name: 'a\ud800' }, 'name'],
    ['no event type', { event_types: [] }, 'event_types'],
    ['what is no event type', { event_types: ['ok', 'not ok'] }, 'event_types.1'],
    ['a description of 2,001 characters', { description: 'd'.repeat(2_001) }, 'description'],
    ['a description with a NUL', { description: 'a\0' }, 'description'],
    ['51 tags', { tags: Array.from({ length: 51 }, (_, i) => `t${i}`) }, 'tags'],
    ['a tag twice', { tags: ['a', 'b', 'a'] }, 'tags.2'],
    ['an empty tag', { tags: [''] }, 'tags.0'],
    ['a tag with a space at its end', { tags: ['a '] }, 'tags.0'],
    [
      '51 members of metadata',
      { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`m${i}`, ''])) },
      'metadata',
    ],
    ['a long value in metadata', { metadata: { a: 'v'.repeat(501) } }, 'metadata.a'],
    ['a NUL in metadata', { metadata: { a: '\0' } }, 'metadata.a'],
    ['a header that Tidings sets', { headers: { 'webhook-id': 'x' } }, 'headers.webhook-id'],
    ['no time at all', { timeout_seconds: 0 }, 'timeout_seconds'],
    ['301 seconds', { timeout_seconds: 301 }, 'timeout_seconds'],
    ['half a second', { timeout_seconds: 1.5 }, 'timeout_seconds'],
    ['51 retries', retry({ count: 51 }), 'retry.count'],
    ['fewer than no retries', retry({ count: -1 }), 'retry.count'],
    ['half a retry', retry({ count: 0.5 }), 'retry.count'],
    ['more jitter than the wait', retry({ jitter: 1.1 }), 'retry.jitter'],
    ['a factor that shrinks', retry({ factor: 0.5 }), 'retry.factor'],
    ['a wait of two days', retry({ initial_delay_seconds: 172_800 }), 'retry.initial_delay_seconds'],
    ['a schedule without waits', retry({ strategy: 'schedule' }), 'retry.schedule_seconds'],
    [
      'a wait before now',
      retry({ strategy: 'schedule', schedule_seconds: [1, -1] }),
      'retry.schedule_seconds.1',
    ],
    [
      'a schedule of 51 waits',
      retry({ schedule_seconds: Array<number>(51).fill(1) }),
      'retry.schedule_seconds',
    ],
  ])('%s is refused, and the field is named', (_title, fields, path) => {
    let refusal: unknown;
    try {
      given().when(create(fields))();
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(WebhookInvalid);
    expect((refusal as WebhookInvalid).faults.map((fault) => fault.path)).toContain(path);
  });

  it('says limit and value of what is out of bounds', () => {
    expect(given().when(create({ timeout_seconds: 301 }))).toThrow('must be from 1 to 300, but is 301');
  });

  it('a schedule that is switched off may be empty', () => {
    const off = { ...DEFAULT_RETRY, strategy: 'schedule' as const, count: 0 };
    expect(given().when(create({ retry: off }))()).toHaveLength(1);
  });
});

describe('changing a webhook', () => {
  it('given an active one: only what differs is told, with who and when', () => {
    const command = change({ name: 'orders', url: 'https://example.com/new', timeout_seconds: 30 });
    expect(given(created).when(command)()).toEqual([
      { ...later, type: 'webhook.changed', data: { url: 'https://example.com/new' } },
    ]);
  });

  it.each<[string, Partial<WebhookDefinition>]>([
    ['nothing', {}],
    ['what it is already', definition],
    [
      'the same retry policy in another order',
      { retry: { ...Object.fromEntries(Object.entries(DEFAULT_RETRY).reverse()) } as unknown as RetryPolicy },
    ],
  ])('to %s tells nothing', (_title, fields) => {
    expect(given(created).when(change(fields))()).toEqual([]);
  });

  it.each<[string, WebhookEvent[], WebhookDefinition['status'], string[]]>([
    ['an active one pauses', [created], 'inactive', ['webhook.paused']],
    ['a paused one resumes', [created, paused], 'active', ['webhook.resumed']],
    ['a paused one stays paused', [created, paused], 'inactive', []],
    ['an active one stays active', [created], 'active', []],
  ])('%s', (_title, before, status, types) => {
    expect(
      given(...before)
        .when(change({ status }))()
        .map((event) => event.type),
    ).toEqual(types);
  });

  it('pausing and renaming at once are two events', () => {
    const events = given(created).when(change({ name: 'late orders', status: 'inactive' }))();
    expect(events.map((event) => event.type)).toEqual(['webhook.changed', 'webhook.paused']);
  });

  it('given none or a deleted one: there is no such webhook', () => {
    expect(given().when(change({}))).toThrow(WebhookNotFound);
    expect(given(created, deleted).when(change({}))).toThrow(WebhookNotFound);
  });

  it('given a later version than expected: refused with both versions', () => {
    const refusal = new WebhookVersionConflict('wh_1', 1, 2);
    expect(given(created, paused).when(change({ name: 'x' }, 1))).toThrow(refusal);
    expect(refusal).toMatchObject({ expected: 1, actual: 2 });
    expect(given(created, paused).when(change({ name: 'x' }, 2))()).toHaveLength(1);
  });

  it('to what is not sound is refused', () => {
    expect(given(created).when(change({ event_types: [] }))).toThrow(WebhookInvalid);
  });
});

describe('deleting a webhook', () => {
  it('given one: it is deleted', () => {
    expect(given(created).when(remove())()).toEqual([{ ...later, type: 'webhook.deleted', data: {} }]);
  });

  it('given none, a deleted one, or another version: refused', () => {
    expect(given().when(remove())).toThrow(WebhookNotFound);
    expect(given(created, deleted).when(remove())).toThrow(WebhookNotFound);
    expect(given(created, paused).when(remove(1))).toThrow(WebhookVersionConflict);
  });
});

describe('a webhook as its ledger makes it', () => {
  it('that was created before there were labels, methods and headers has none, and posts', () => {
    const { name, url, event_types, status, timeout_seconds, retry } = definition;
    const secret = { number: 1, origin: 'generated' } as const;
    const data = { name, url, event_types, status, timeout_seconds, retry, secret };
    const early = { ...decided, type: 'webhook.created', data } as WebhookEvent;
    expect(given(early).state).toEqual(given(created).state);
  });

  it('counts a version for each event and knows when it was last touched', () => {
    const changed: WebhookEvent = { ...later, type: 'webhook.changed', data: { name: 'renamed' } };
    expect(given(created, paused, changed).state).toEqual({
      ...definition,
      kind: 'live',
      ownership: null,
      id: 'wh_1',
      tenant: 'default',
      version: 3,
      name: 'renamed',
      status: 'inactive',
      disabled_reason: null,
      standing_since: 1_000,
      secret_number: 1,
      retiring: [],
      created_at: 1_000,
      updated_at: 2_000,
    });
  });

  it('keeps its version beyond its deletion', () => {
    expect(given(created, deleted).state).toEqual({
      kind: 'deleted',
      id: 'wh_1',
      tenant: 'default',
      version: 2,
    });
  });
});
