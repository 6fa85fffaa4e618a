import { createHmac } from 'node:crypto';
import type { OwedDelivery } from '#bus';
import type { RoutedWebhook } from '#domain';
import type { TransformOutcome, WantedRequest } from '#payload';
import { generateSecret, Keyring } from '#signing';
import { routedWebhook } from '#testing';
import { readyWebhook } from '../webhooks/ready-webhook.js';
import { RequestMaker, type Making } from './request-maker.js';

const keyring = Keyring.parse(`k1:${Buffer.alloc(32, 1).toString('base64')}`);
const place = { tenant: 'acme', webhook: 'wh_1' };
const OWED: OwedDelivery = {
  ...{ delivery: 'dlv_1', tenant: 'acme', event: 'evt_1', webhook: 'wh_1', event_type: 'order.created' },
  ...{ timestamp: '2026-11-22T09:00:00.000Z', created_at: 1, owed_at: 1, attempt: 1, trigger: 'auto' },
  ...{ sequence: 1, by_reference: false },
};
const AT = Date.parse('2026-11-23T12:00:00Z');

/** What is made of an event for a webhook; `outcome` is what its transform comes to, where it has one. */
async function made(
  change: Partial<RoutedWebhook>,
  outcome?: TransformOutcome,
  data = '{"n":1}',
  trace?: OwedDelivery['trace'],
) {
  const webhook = routedWebhook({
    id: 'wh_1',
    url: 'https://example.com/hook?a=1',
    secrets: [keyring.seal(generateSecret(), { ...place, purpose: 'signing' })],
    transform: outcome ? 'in the sandbox' : null,
    ...change,
  });
  const ready = readyWebhook(webhook, keyring, () => undefined);
  const run = () => Promise.resolve({ outcome: outcome!, console: [], duration_ms: 1 });
  return new RequestMaker('Tidings/test', { run }).make(
    ready,
    trace ? { ...OWED, trace } : OWED,
    { data: Buffer.from(data), metadata: null },
    AT,
  );
}
const wanting = (wanted: Partial<WantedRequest>): TransformOutcome => ({
  kind: 'request',
  wanted: { event: null, body: null, headers: {}, method: null, path: null, ...wanted },
});
function sent(making: Making) {
  if (making.kind !== 'made') throw new Error(`It was not made: ${JSON.stringify(making)}`);
  return making.outbound;
}
/** The values of a header, whatever the case of its name: there must not be two. */
const valuesOf = (headers: Readonly<Record<string, string>>, name: string) =>
  Object.entries(headers)
    .filter(([each]) => each.toLowerCase() === name.toLowerCase())
    .map(([, value]) => value);
const format = (headers: Record<string, string>): RoutedWebhook['format'] => ({
  body: null,
  headers,
  signature: null,
});

describe('the headers of a request', () => {
  it('are the format’s where the webhook names the same, in the record too', async () => {
    const making = await made({ format: format({ 'X-Kind': '{{type}}' }), headers: { 'x-kind': 'webhook' } });
    expect(valuesOf(sent(making).headers, 'x-kind')).toEqual(['order.created']);
    expect(valuesOf(making.recorded.headers, 'x-kind')).toEqual(['order.created']);
  });

  it('are Tidings’ own where a format names the same, but for User-Agent and Content-Type', async () => {
    const headers = {
      'webhook-id': 'forged',
      'webhook-signature': 'forged',
      'X-Tidings-Attempt': '9',
      'User-Agent': 'Earlier/1.0',
      'Content-Type': 'application/vnd.acme+json',
    };
    const { headers: all } = sent(await made({ format: format(headers) }));
    expect(all).toMatchObject({
      'User-Agent': 'Earlier/1.0',
      'Content-Type': 'application/vnd.acme+json',
      'X-Tidings-Attempt': '1',
    });
    expect([all['webhook-id'], all['webhook-signature']]).not.toContain('forged');
    expect(sent(await made({})).headers['User-Agent']).toBe('Tidings/test');
  });

  it('are the transform’s over the webhook’s and the format’s, whatever their case', async () => {
    const making = await made(
      { format: format({ 'X-Kind': '{{type}}' }), headers: { 'X-Env': 'webhook' } },
      wanting({ headers: { 'x-kind': 'mine', 'x-env': 'mine' } }),
    );
    for (const headers of [sent(making).headers, making.recorded.headers])
      expect([valuesOf(headers, 'x-kind'), valuesOf(headers, 'x-env')]).toEqual([['mine'], ['mine']]);
  });

  it('that authenticate a request are never the transform’s', async () => {
    const auth = { type: 'bearer', token: { secret: 1 } } as const;
    const token = keyring.seal('token', { ...place, purpose: 'auth.token', version: 1 });
    const making = await made(
      { auth, credentials: { 'auth.token': token }, format: 'taskflow' },
      wanting({ headers: { authorization: 'mine', 'x-taskflow-signature': 'mine', 'X-Own': 'mine' } }),
    );
    const { headers } = sent(making);
    expect(valuesOf(headers, 'authorization')).toEqual(['Bearer token']);
    expect(valuesOf(headers, 'x-taskflow-signature')).toEqual([expect.stringMatching(/^sha256=/)]);
    expect(valuesOf(making.recorded.headers, 'authorization')).toEqual(['Bearer ********']);
    expect(headers['X-Own']).toBe('mine');
  });
});

describe('the trace of a request', () => {
  const trace = {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'rojo=1',
  };
  const secrets = [keyring.seal(generateSecret(), { ...place, purpose: 'signing' })];
  const tracesOf = (making: Making) =>
    [sent(making).headers, making.recorded.headers].map((headers) => [
      valuesOf(headers, 'traceparent'),
      valuesOf(headers, 'tracestate'),
    ]);

  it('is carried on, as the record says too; nothing else is changed by it', async () => {
    const [with_, without] = [
      await made({ secrets }, undefined, '1', trace),
      await made({ secrets }, undefined, '1'),
    ];
    expect(sent(with_).headers).toEqual({ ...sent(without).headers, ...trace });
    expect(with_.recorded.headers).toEqual({ ...without.recorded.headers, ...trace });
    expect(sent(with_).body).toEqual(sent(without).body);
  });

  it('is carried on by what a transform changed', async () => {
    const making = await made({}, wanting({ headers: { 'X-Own': 'mine' } }), '1', trace);
    expect(tracesOf(making)).toEqual(Array(2).fill([[trace.traceparent], [trace.tracestate]]));
  });

  it('is the webhook’s, its format’s or its transform’s where these name one, and then theirs alone', async () => {
    const own = { TraceParent: 'mine' };
    for (const making of [
      await made({ headers: own }, undefined, '1', trace),
      await made({ format: format(own) }, undefined, '1', trace),
      await made({}, wanting({ headers: own }), '1', trace),
    ])
      expect(tracesOf(making)).toEqual(Array(2).fill([['mine'], []]));
  });

  it('is not there where none is known', async () => {
    expect(tracesOf(await made({}))).toEqual(Array(2).fill([[], []]));
  });
});

describe('a request that a transform changed', () => {
  it('is signed after that: its type, and its body as it is sent', async () => {
    const signature = {
      scheme: 'hmac-sha256',
      header: 'X-Own-Signature',
      prefix: '',
      content: '{{type}}.{{body}}',
      encoding: 'hex',
    } as const;
    const secret = generateSecret();
    const { body, headers } = sent(
      await made(
        {
          secrets: [keyring.seal(secret, { ...place, purpose: 'signing' })],
          format: { body: null, headers: {}, signature },
        },
        wanting({
          event: {
            type: 'changed',
            timestamp: '2026-01-01T00:00:00.000Z',
            data: Buffer.from('2'),
            metadata: null,
          },
        }),
      ),
    );
    expect(body.toString()).toBe('{"type":"changed","timestamp":"2026-01-01T00:00:00.000Z","data":2}');
    const expected = createHmac('sha256', secret).update(`changed.${body.toString()}`).digest('hex');
    expect(headers['X-Own-Signature']).toBe(expected);
  });

  it('says of a body of its own that it is JSON, where the format is none', async () => {
    const text = { ...{ body: '{{type}}', signature: null }, headers: { 'Content-Type': 'text/plain' } };
    expect(sent(await made({ format: text })).headers['Content-Type']).toBe('text/plain');
    const { body, headers } = sent(await made({ format: text }, wanting({ body: Buffer.from('[1]') })));
    expect([body.toString(), headers['Content-Type']]).toEqual(['[1]', 'application/json']);
    const event = sent(await made({ format: 'cloudevents' }, wanting({ body: Buffer.from('{}') })));
    expect(event.headers['Content-Type']).toMatch(/^application\/cloudevents\+json/);
  });

  it('stays on the webhook’s own origin, and carries nothing as a GET', async () => {
    const making = await made({}, wanting({ path: '/other?b=2', method: 'GET', body: Buffer.from('{}') }));
    const { url, method, body, headers } = sent(making);
    expect([url, method, body.length]).toEqual(['https://example.com/other?b=2', 'GET', 0]);
    expect(headers).not.toHaveProperty('Content-Type');
  });
});

describe('a request that cannot be made', () => {
  it('is a failure of the transform where the event is too large for its format', async () => {
    const each = '{{data | json}}'.repeat(100);
    const making = await made(
      { format: { body: `"${each}"`, headers: {}, signature: null } },
      undefined,
      JSON.stringify('x'.repeat(100_000)),
    );
    expect(making).toMatchObject({
      ...{ kind: 'failed', byTransform: false },
      error: { kind: 'transform', message: expect.stringMatching(/larger than \d+ bytes/) as string },
      recorded: { headers: {}, body: '' },
    });
  });

  it('is a failure of ours where the format cannot be read, which is reported once', async () => {
    const unreadable = { body: '{{nonsense', headers: {}, signature: null };
    expect(await made({ format: unreadable })).toMatchObject({
      kind: 'failed',
      error: { kind: 'internal', message: expect.stringMatching(/format/) as string },
    });
    const reported: string[] = [];
    readyWebhook(routedWebhook({ id: 'wh_1', format: unreadable }), keyring, (problem) =>
      reported.push(problem),
    );
    expect(reported.filter((each) => each.includes('format'))).toEqual(['the format of wh_1 cannot be read']);
  });
});
