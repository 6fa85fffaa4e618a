import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import {
  BUILT_IN_FORMATS,
  builtInFormat,
  newId,
  type AttemptFinished,
  type BuiltInFormat,
  type PayloadFormat,
  type RoutedWebhook,
} from '#domain';
import { compileFormat } from '#payload';
import { generateSecret } from '#signing';
import { waitFor } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;
beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);
afterAll(() => test.stop(), 30_000);
beforeEach(() => test.receiver.answer({ status: 204 }));

const DATA = '{ "name":"Zoë", "n":1.50, "big":12345678901234567890, "request_id":"r-1" }';
const METADATA = '{ "by":"ci", "subject":"o-1" }';
const RETRY_OFF = { retry: { ...builtInRetry(), enabled: false } };

function builtInRetry(): RoutedWebhook['retry'] {
  return {
    ...{ enabled: true, count: 0, strategy: 'fixed', initial_delay_seconds: 1, factor: 1 },
    ...{ max_delay_seconds: 1, jitter: 0, schedule_seconds: [] },
  };
}

const finished = (delivery: string) =>
  waitFor((): AttemptFinished => {
    const [fact] = test.journal.of('attempt.finished').filter((each) => each.delivery === delivery);
    expect(fact).toBeDefined();
    return fact!;
  });

/** What arrives when a webhook is owed an event, and what is told of it. */
async function sentTo(webhook: RoutedWebhook, metadata: string | null = METADATA) {
  const owed = await test.owe(webhook, DATA, metadata === null ? {} : { metadata });
  const request = await waitFor(() => {
    const [first] = test.receiver.to(`/${webhook.id}`);
    expect(first).toBeDefined();
    return first!;
  });
  const { attempt } = await finished(owed.delivery);
  return { owed, request, attempt, body: request.body.toString(), headers: textsOf(request.headers) };
}

function textsOf(headers: object): Record<string, string> {
  return headers as Record<string, string>;
}

/** A webhook of this format, with an `hmac` of its own besides. */
async function webhookOf(format: PayloadFormat, change: Partial<RoutedWebhook> = {}) {
  const id = newId('wh');
  const place = { tenant: 'acme', webhook: id } as const;
  const secret = generateSecret();
  const webhook = await test.webhook({
    ...{ id, url: `${test.receiver.url}/${id}`, format },
    auth: { type: 'hmac', secret: { secret: 1 }, header_name: 'X-Own-Hmac' },
    credentials: {
      'auth.secret': test.keyring.seal('shared', { ...place, purpose: 'auth.secret', version: 1 }),
    },
    secrets: [test.keyring.seal(secret, { ...place, purpose: 'signing' })],
    ...change,
  });
  return { ...webhook, secret };
}

const hexOf = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');

describe.each(BUILT_IN_FORMATS)('a webhook of the format %s', (name: BuiltInFormat) => {
  it('gets its body and its headers, under signatures of those bytes, and the record shows them', async () => {
    const webhook = await webhookOf(name);
    const { owed, body, headers, attempt } = await sentTo(webhook);
    const rendered = compileFormat(name).render({
      ...{ id: owed.event, type: owed.event_type, timestamp: owed.timestamp, tenant: 'acme', attempt: 1 },
      ...{ data: Buffer.from(DATA), metadata: METADATA },
      ...{ webhook_id: webhook.id, delivery_id: owed.delivery },
    });
    expect(body).toBe(rendered.body.toString());
    for (const [header, value] of Object.entries(rendered.headers)) {
      expect([header, headers[header.toLowerCase()]]).toEqual([header, value]);
      expect([header, attempt.request.headers[header]]).toEqual([header, value]);
    }
    expect(attempt.request.body).toBe(body);
    expect(attempt).not.toHaveProperty('console');
    new StandardWebhook(webhook.secret).verify(body, headers);
    expect(headers['x-own-hmac']).toBe(`sha256=${hexOf('shared', body)}`);
    const { signature } = builtInFormat(name);
    if (signature?.scheme !== 'hmac-sha256') return;
    expect(headers[signature.header.toLowerCase()]).toBe(`sha256=${hexOf(webhook.secret, body)}`);
  });
});

describe('a webhook with a format of its own', () => {
  const OWN: PayloadFormat = {
    body: '{"text":"{{type}} of {{metadata.by}} for {{data.name}}","all":{{data}},"none":{{data.none}}}',
    headers: { 'Content-Type': 'application/vnd.acme+json', 'X-Kind': '{{type}} {{data.name}}' },
    signature: {
      ...{ scheme: 'hmac-sha256', header: 'X-Signed', prefix: 't={{timestamp}},v1=', encoding: 'hex' },
      content: '{{timestamp}}.{{body}}',
    } as const,
  };

  it('gets what its templates say, signed as it says', async () => {
    const webhook = await webhookOf(OWN);
    const { body, headers, attempt } = await sentTo(webhook);
    expect(body).toBe(`{"text":"order.created of ci for Zoë","all":${DATA},"none":null}`);
    expect(headers).toMatchObject({
      'content-type': 'application/vnd.acme+json',
      'x-kind': 'order.created Zo%C3%AB',
      'user-agent': expect.stringMatching(/^Tidings\//) as string,
    });
    const [, at, signed] = /^t=(\d+),v1=(\w+)$/.exec(headers['x-signed'] ?? '') ?? [];
    expect(signed).toBe(hexOf(webhook.secret, `${at}.${body}`));
    new StandardWebhook(webhook.secret).verify(body, headers);
    expect(attempt.request).toMatchObject({ body, headers: { 'X-Kind': 'order.created Zo%C3%AB' } });
  });

  it('gets what it says of an event without metadata, too', async () => {
    const { body } = await sentTo(await webhookOf(OWN), null);
    expect(body).toContain('"text":"order.created of  for Zoë"');
  });

  it('gets its headers and no body, signed as empty, where its method is GET', async () => {
    const webhook = await webhookOf(OWN, { method: 'GET' });
    const { request, body, headers } = await sentTo(webhook);
    expect([request.method, body, headers['content-type']]).toEqual(['GET', '', undefined]);
    expect(headers['x-kind']).toBe('order.created Zo%C3%AB');
    expect(headers['x-own-hmac']).toBe(`sha256=${hexOf('shared', '')}`);
  });

  it('gets nothing of an event that would be too large in it, and the attempt says so', async () => {
    const format = { body: `"${'{{data | json}}'.repeat(60)}"`, headers: {}, signature: null };
    const webhook = await webhookOf(format, RETRY_OFF);
    const owed = await test.owe(webhook, JSON.stringify('x'.repeat(60_000)));
    expect(await finished(owed.delivery)).toMatchObject({
      outcome: 'failed',
      reason: 'retries_exhausted',
      attempt: {
        response: null,
        error: { kind: 'transform', message: expect.stringMatching(/larger than/) as string },
      },
    });
    expect(test.receiver.to(`/${webhook.id}`)).toEqual([]);
  });

  it('that cannot be read gets nothing, and the attempt says that it is our fault', async () => {
    const webhook = await webhookOf({ body: '{{nonsense', headers: {}, signature: null }, RETRY_OFF);
    const owed = await test.owe(webhook, DATA);
    expect(await finished(owed.delivery)).toMatchObject({ attempt: { error: { kind: 'internal' } } });
    expect(test.receiver.to(`/${webhook.id}`)).toEqual([]);
  });
});

describe('a payload that stayed in EVENTS', () => {
  it('is sent with its metadata, both as they were published', async () => {
    const format = { body: '{"d":{{data}},"m":{{metadata}}}', headers: {}, signature: null };
    const webhook = await webhookOf(format);
    const [id, large] = [newId('evt'), JSON.stringify({ text: 'ü'.repeat(20_000), n: 1.5 })];
    const body = `{"id":"${id}","data":${large},"metadata":${METADATA}}`;
    const { sequence } = await test.bus.publishEvent({
      ...{ tenant: 'acme', type: 'order.created', body, dedupId: id },
    });
    await test.owe(webhook, '', { event: id, sequence, by_reference: true });
    const request = await waitFor(() => {
      const [first] = test.receiver.to(`/${webhook.id}`);
      expect(first).toBeDefined();
      return first!;
    });
    expect(request.body.toString()).toBe(`{"d":${large},"m":${METADATA}}`);
  });
});
