import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { Preview, PreviewQuestion } from '#bus';
import { deliveryIdOf, MASK, newId, type RoutedWebhook } from '#domain';
import { waitFor } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;
beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);
afterAll(() => test.stop(), 30_000);
beforeEach(() => test.receiver.answer({ status: 204 }));

const owedTo = ({ id, tenant }: Pick<RoutedWebhook, 'id' | 'tenant'>): PreviewQuestion['owed'] => {
  const [event, at] = [newId('evt'), Date.now()];
  return {
    delivery: deliveryIdOf(event, id, at),
    ...{ tenant, event, event_type: 'order.created', webhook: id, timestamp: '2026-11-22T09:00:00.000Z' },
    ...{ created_at: at, owed_at: at, attempt: 1, trigger: 'test', sequence: 0, by_reference: false },
  };
};
async function shown(
  webhook: Pick<RoutedWebhook, 'id' | 'tenant'>,
  change: Partial<PreviewQuestion> = {},
  data = '{"n":1}',
) {
  const question = { owed: owedTo(webhook), draft: false, ...change };
  const answer = await test.bus.previews.request(question, Buffer.from(data), 5_000);
  return (answer as { preview: Preview }).preview;
}

describe('a preview', () => {
  it('is what would be sent, with a signature that verifies, and sends nothing', async () => {
    const webhook = await test.webhook({ format: 'nexus' });
    const { request, before, error, dropped, console } = await shown(webhook);
    expect({ before, error, dropped, console }).toEqual({
      before: null,
      error: null,
      dropped: false,
      console: null,
    });
    new StandardWebhook(webhook.secret).verify(request?.body ?? '', request?.headers ?? {});
    await test.owe(webhook, '{"n":1}');
    const sent = await waitFor(() => {
      const [first] = test.receiver.to(webhook.path);
      expect(first).toBeDefined();
      return first!;
    });
    expect(test.receiver.to(webhook.path)).toHaveLength(1);
    const names = Object.keys(request?.headers ?? {}).map((name) => name.toLowerCase());
    const own = ['host', 'connection', 'content-length', 'transfer-encoding'];
    expect(
      Object.keys(sent.headers)
        .filter((name) => !own.includes(name))
        .sort(),
    ).toEqual(names.sort());
  });

  it('of a webhook with a transform shows what it is before and after, and what the transform wrote', async () => {
    const transform = 'function transform(event) { console.log("seen"); event.data.n = 2; return event; }';
    const { request, before, console, transform_ms } = await shown(await test.webhook({ transform }));
    expect(transform_ms).toBeGreaterThanOrEqual(0);
    expect(JSON.parse(before?.body ?? '')).toMatchObject({ data: { n: 1 } });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ data: { n: 2 } });
    expect(console).toEqual([{ level: 'log', text: 'seen' }]);
  });

  it('takes another format and transform than the webhook has, which stays as it is', async () => {
    const webhook = await test.webhook();
    const transform = 'function transform() { return null; }';
    expect(await shown(webhook, { format: 'raw' })).toMatchObject({ request: { body: '{"n":1}' } });
    expect(await shown(webhook, { transform })).toMatchObject({ request: null, dropped: true });
    expect(await shown(webhook)).toMatchObject({
      request: { body: expect.stringMatching(/^{"type"/) as string },
    });
  });

  it('that fails says why, and counts for nothing', async () => {
    const transform = 'function transform() { throw new Error("no"); }';
    const webhook = await test.webhook({ transform });
    for (let i = 0; i < 25; i++)
      expect(await shown(webhook)).toMatchObject({ request: null, error: { kind: 'transform' } });
    expect(test.journal.of('webhook.refused')).toEqual([]);
    expect(test.journal.of('attempt.finished').filter((fact) => fact.webhook === webhook.id)).toEqual([]);
  });

  it('shows no secret', async () => {
    const place = { tenant: 'acme', webhook: newId('wh'), purpose: 'auth.token', version: 1 } as const;
    const credentials = { 'auth.token': test.keyring.seal('secret-token', place) };
    const webhook = await test.webhook({
      ...{ id: place.webhook, auth: { type: 'bearer', token: { secret: 1 } }, credentials },
      secrets: [
        test.keyring.seal('whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=', {
          tenant: 'acme',
          webhook: place.webhook,
          purpose: 'signing',
        }),
      ],
    });
    const preview = await shown(webhook);
    expect(preview.request?.headers.Authorization).toBe(`Bearer ${MASK}`);
    expect(JSON.stringify(preview)).not.toContain('secret-token');
  });

  it('is not made by who knows an older webhook than the one that was saved', async () => {
    const webhook = await test.webhook();
    const { version } = webhook;
    const ask = (wanted: number) =>
      test.bus.previews.request(
        { owed: owedTo(webhook), draft: false, version: wanted },
        Buffer.from('1'),
        5_000,
      );
    expect(await ask(version)).toMatchObject({ preview: {} });
    expect(await ask(version + 1)).toEqual({ refused: 'webhook_unknown' });
  });

  it('of a large body shows its beginning, in whole characters, and says so', async () => {
    const data = JSON.stringify(`..${'é'.repeat(100_000)}`);
    const { request, truncated } = await shown(await test.webhook({ format: 'raw' }), {}, data);
    expect(truncated).toBe(true);
    expect(request?.body).toBe(data.slice(0, 3 + Math.floor((64 * 1024 - 3) / 2)));
    expect(Buffer.byteLength(request?.body ?? '')).toBeLessThanOrEqual(64 * 1024);
  });

  it('of a draft needs no webhook', async () => {
    const draft = { draft: true, format: 'taskflow' } as const;
    const { request } = await shown({ id: 'try-acme', tenant: 'acme' }, draft);
    expect(request?.headers['X-TaskFlow-Signature']).toMatch(/^sha256=/);
  });
});
