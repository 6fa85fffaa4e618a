import type { Agreement } from './ownership.js';
import { created, definition, given, later } from './testing/webhook-story.js';
import type { WebhookEvent } from './webhook-events.js';

const asked: WebhookEvent = { ...later, type: 'webhook.ownership_asked', data: { check: 'handshake' } };
const agreement: Agreement = {
  check: 'handshake',
  url: definition.url,
  origin: 'tidings',
  allowed_per_minute: 60,
};
const proven: WebhookEvent = { ...later, type: 'webhook.ownership_proven', data: agreement };
const prove = { ...later, kind: 'prove_ownership' as const, agreement };
const move = { ...later, kind: 'change' as const, change: { url: 'https://example.com/other' } };

describe('the ownership of a webhook', () => {
  it('is asked for with its URL, when its tenant wants that', () => {
    const create = { ...later, kind: 'create' as const, definition, secret: 'generated' as const };
    const types = (events: WebhookEvent[]) => events.map(({ type }) => type);
    expect(types(given().when({ ...create, ownershipCheck: 'challenge' })())).toEqual([
      'webhook.created',
      'webhook.ownership_asked',
    ]);
    expect(types(given().when({ ...create, ownershipCheck: null })())).toEqual(['webhook.created']);
    expect(types(given(created).when({ ...move, ownershipCheck: 'handshake' })())).toEqual([
      'webhook.changed',
      'webhook.ownership_asked',
    ]);
    const rename = { ...move, change: { name: 'other' }, ownershipCheck: 'handshake' as const };
    expect(types(given(created).when(rename)())).toEqual(['webhook.changed']);
  });

  it('is none in ledgers that know nothing of it', () => {
    expect(given(created).state).toMatchObject({ ownership: null });
  });

  it('is proven by what its receiver agrees to, once', () => {
    const data = agreement;
    expect(given(created, asked).when(prove)()).toEqual([
      { ...later, type: 'webhook.ownership_proven', data },
    ]);
    expect(given(created, asked, proven).state).toMatchObject({
      ownership: { check: 'handshake', proven_at: later.at, origin: 'tidings', allowed_per_minute: 60 },
    });
    expect(given(created, asked, proven).when(prove)()).toEqual([]);
    const slower = { ...prove, agreement: { ...agreement, allowed_per_minute: 6 } };
    expect(given(created, asked, proven).when(slower)()).toHaveLength(1);
  });

  it.each<[string, WebhookEvent[], Partial<Agreement>]>([
    ['of a URL that it no longer has', [created, asked], { url: 'https://example.com/before' }],
    ['by another check than is asked for', [created, asked], { check: 'challenge' }],
    ['that nobody asks for', [created], {}],
  ])('is not proven by an agreement %s', (_what, events, change) => {
    const command = { ...prove, agreement: { ...agreement, ...change } };
    expect(given(...events).when(command)()).toEqual([]);
  });

  it('ends with its URL', () => {
    const [moved] = given(created, asked, proven).when(move)();
    expect(given(created, asked, proven, moved!).state).toMatchObject({ ownership: null });
  });
});
