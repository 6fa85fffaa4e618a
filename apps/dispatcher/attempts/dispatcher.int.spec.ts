import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { INLINE_BYTES, type OwedDelivery } from '#bus';
import { newId } from '#domain';
import { waitFor, type ReceivedRequest } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;

beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);

afterAll(() => test.stop(), 30_000);

beforeEach(() => test.receiver.answer({ status: 204 }));

const attemptsOf = (owed: OwedDelivery) =>
  test.journal.of('attempt.finished').filter((fact) => fact.delivery === owed.delivery);
const cancelsOf = (owed: OwedDelivery) =>
  test.journal.of('delivery.cancelled').filter((fact) => fact.delivery === owed.delivery);
const headersOf = (request: ReceivedRequest) => request.headers as Record<string, string>;

describe('a delivery', () => {
  it('arrives signed, as two independent libraries of receivers verify', async () => {
    const webhook = await test.webhook();
    const owed = await test.owe(webhook, '{ "z":1.0, "name":"Zoë" }');
    const request = await waitFor(() => {
      const [first] = test.receiver.to(webhook.path);
      expect(first).toBeDefined();
      return first!;
    });
    expect(request.body.toString()).toBe(
      '{"type":"order.created","timestamp":"2026-11-22T09:00:00.000Z","data":{ "z":1.0, "name":"Zoë" }}',
    );
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': owed.event,
      'x-tidings-delivery-id': owed.delivery,
      'x-tidings-attempt': '1',
    });
    expect(request.headers['user-agent']).toMatch(/^Tidings\//);
    new StandardWebhook(webhook.secret).verify(request.body.toString(), headersOf(request));
    new SvixWebhook(webhook.secret).verify(request.body.toString(), headersOf(request));
    const forged = `${request.body.toString()} `;
    expect(() => new StandardWebhook(webhook.secret).verify(forged, headersOf(request))).toThrow();
    await waitFor(() =>
      expect(attemptsOf(owed)).toEqual([
        expect.objectContaining({
          outcome: 'success',
          next_attempt_at: null,
          reason: null,
          attempt: expect.objectContaining({ number: 1, trigger: 'auto', error: null }) as unknown,
        }),
      ]),
    );
    expect(test.receiver.to(webhook.path)).toHaveLength(1);
  });

  it('is accepted under the old and the new secret while a webhook has two', async () => {
    const [one, other] = [await test.webhook(), await test.webhook()];
    const seal = (plain: string) =>
      test.keyring.seal(plain, { tenant: one.tenant, webhook: one.id, purpose: 'signing' });
    await test.bus.webhooks.put({ ...one, version: 2, secrets: [seal(other.secret), seal(one.secret)] });
    const request = await waitFor(async () => {
      await test.owe(one);
      const request = test.receiver.to(one.path).find((r) => r.headers['webhook-signature']?.includes(' '));
      expect(request).toBeDefined();
      return request!;
    });
    for (const secret of [one.secret, other.secret])
      new StandardWebhook(secret).verify(request.body.toString(), headersOf(request));
  });

  it('with a large payload arrives with every byte as it was published', async () => {
    const webhook = await test.webhook();
    const data = `{"text": "${'ü\\u0000😀'.repeat(INLINE_BYTES)}", "n": 1.50}`;
    const event = newId('evt');
    const { sequence } = await test.bus.publishEvent({
      tenant: 'acme',
      type: 'order.created',
      body: data,
      dedupId: event,
    });
    test.receiver.answer((_request, count) => ({ status: count === 1 ? 500 : 204 }));
    await test.owe(webhook, '', { event, sequence, by_reference: true });
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(2));
    for (const { body } of test.receiver.to(webhook.path))
      expect(body.toString()).toBe(
        `{"type":"order.created","timestamp":"2026-11-22T09:00:00.000Z","data":${data}}`,
      );
  });

  it('whose large payload is gone is cancelled, and says so', async () => {
    const owed = await test.owe(await test.webhook(), '', { sequence: 9_999_999, by_reference: true });
    await waitFor(() =>
      expect(cancelsOf(owed)).toEqual([expect.objectContaining({ reason: 'payload_expired' })]),
    );
  });

  it('that fails is made again as the next attempt, after its wait', async () => {
    test.receiver.answer((_request, count) => ({ status: count === 1 ? 503 : 204 }));
    const webhook = await test.webhook();
    const owed = await test.owe(webhook);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(2));
    const [first, second] = test.receiver.to(webhook.path);
    expect([first, second].map((request) => request?.headers['x-tidings-attempt'])).toEqual(['1', '2']);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(990);
    expect(attemptsOf(owed)).toEqual([
      expect.objectContaining({ outcome: 'retrying', reason: null }),
      expect.objectContaining({ outcome: 'success', next_attempt_at: null }),
    ]);
    const planned = attemptsOf(owed)[0]?.next_attempt_at ?? 0;
    expect(Math.abs(second!.at - planned)).toBeLessThan(2_000);
    new StandardWebhook(webhook.secret).verify(second!.body.toString(), headersOf(second!));
  });

  it('that keeps failing ends as failed, with its reason', async () => {
    test.receiver.answer({ status: 500, body: 'no' });
    const owed = await test.owe(await test.webhook());
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(3));
    expect(attemptsOf(owed).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['retrying', null],
      ['retrying', null],
      ['failed', 'retries_exhausted'],
    ]);
    expect(attemptsOf(owed)[2]?.attempt).toMatchObject({
      number: 3,
      response: { status: 500, body: 'no', truncated: false },
      error: { kind: 'http_status' },
    });
  });

  it('waits as long as the receiver asks for', async () => {
    test.receiver.answer((_request, count) =>
      count === 1 ? { status: 429, headers: { 'retry-after': '3' } } : { status: 204 },
    );
    const webhook = await test.webhook();
    const owed = await test.owe(webhook);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(2));
    const [first, second] = test.receiver.to(webhook.path);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(2_990);
  });

  it('whose receiver cannot be reached is tried again too', async () => {
    const owed = await test.owe(await test.webhook({ url: 'http://127.0.0.1:1/' }));
    await waitFor(() => expect(attemptsOf(owed).length).toBeGreaterThanOrEqual(2));
    expect(attemptsOf(owed)[0]?.attempt).toMatchObject({ response: null, error: { kind: 'connect' } });
  });

  it('to an address that may not be reached is refused at every attempt, without telling more', async () => {
    const owed = await test.owe(await test.webhook({ url: 'http://169.254.169.254/latest' }));
    await waitFor(() =>
      expect(attemptsOf(owed)[0]?.attempt).toMatchObject({
        response: null,
        error: { kind: 'blocked_address', message: 'The address may not be reached.' },
      }),
    );
  });

  it('to a slow receiver delays no other', async () => {
    test.receiver.answer((request) => ({ delayMs: request.path.startsWith('/slow') ? 4_000 : 0 }));
    const slow = await test.webhook({ url: `${test.receiver.url}/slow`, timeout_seconds: 1 });
    const quick = await test.webhook();
    const late = await test.owe(slow);
    const began = Date.now();
    const owed = await test.owe(quick);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(1));
    expect(Date.now() - began).toBeLessThan(900);
    await waitFor(() => expect(attemptsOf(late)[0]?.attempt).toMatchObject({ error: { kind: 'timeout' } }));
    expect(attemptsOf(late)[0]!.attempt.duration_ms).toBeLessThan(1_200);
  });

  it('of a webhook that was deleted or disabled is cancelled, and says why', async () => {
    const [deleted, disabled] = [await test.webhook(), await test.webhook({ status: 'disabled' })];
    await test.bus.webhooks.remove(deleted.tenant, deleted.id);
    const one = await test.owe(deleted);
    const other = await test.owe(disabled);
    await waitFor(() => expect([...cancelsOf(one), ...cancelsOf(other)]).toHaveLength(2));
    expect(cancelsOf(one)).toEqual([
      expect.objectContaining({ reason: 'webhook_deleted', attempt_count: 0 }),
    ]);
    expect(cancelsOf(other)).toEqual([expect.objectContaining({ reason: 'webhook_disabled' })]);
    expect([...test.receiver.to(deleted.path), ...test.receiver.to(disabled.path)]).toEqual([]);
  });

  it('whose payload the format of its webhook cannot hold is not sent otherwise, and is tried again', async () => {
    const webhook = await test.webhook({ format: 'nexus' });
    const owed = await test.owe(webhook, '['.repeat(2_000) + ']'.repeat(2_000));
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(3));
    expect(attemptsOf(owed).map(({ outcome }) => outcome)).toEqual(['retrying', 'retrying', 'failed']);
    expect(attemptsOf(owed)[0]?.attempt).toMatchObject({
      request: { method: 'POST', url: webhook.url, headers: {}, body: '' },
      response: null,
      error: {
        kind: 'transform',
        message: 'The JSON nests deeper than 900 levels.',
      },
    });
    expect(test.receiver.to(webhook.path)).toEqual([]);
  });

  it('is never sent unsigned: a secret that cannot be opened is a failure that is recorded', async () => {
    const foreign = await test.webhook();
    const webhook = await test.webhook({ secrets: foreign.secrets });
    const owed = await test.owe(webhook);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(1));
    expect(attemptsOf(owed)[0]?.attempt).toMatchObject({ response: null, error: { kind: 'internal' } });
    expect(attemptsOf(owed)[0]?.attempt.error?.message).toMatch(/secret cannot be opened/);
    expect(test.receiver.to(webhook.path)).toEqual([]);
  });
});
