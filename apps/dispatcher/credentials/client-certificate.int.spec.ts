import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { OwedDelivery } from '#bus';
import { type AttemptRecord, newId } from '#domain';
import { EgressClient } from '#egress';
import { SandboxPool } from '#payload';
import { generateSecret, Keyring } from '#signing';
import { certify, routedWebhook, type Certified } from '#testing';
import { Attempter } from '../attempts/attempter.js';
import { RequestMaker } from '../attempts/request-maker.js';
import { readyWebhook, type ReadyWebhook } from '../webhooks/ready-webhook.js';

const keyring = Keyring.parse(`k1:${randomBytes(32).toString('base64')}`);
const client = new EgressClient({ allow: ['127.0.0.0/8'], http: false, ports: 'any' }, 4);
const attempter = new Attempter(
  client,
  new RequestMaker('Tidings/test', new SandboxPool({ processes: 1, timeoutMs: 500 })),
);
const authority = certify({ name: 'authority' });
const { certificate: cert, privateKey: key } = certify({ name: 'receiver', by: authority });
const receiver = createServer(
  { cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
  (request, response) => response.end(String((request.socket as TLSSocket).getPeerCertificate().subject.CN)),
);

beforeAll(async () => {
  receiver.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterAll(async () => {
  await client.close();
  receiver.close();
  receiver.closeAllConnections();
});

const id = newId('wh');
const place = { tenant: 'acme', webhook: id };

/** The same webhook each time; only who it is differs. */
function ready({ certificate, privateKey }: Certified, secret = 1, ca = authority.certificate): ReadyWebhook {
  const { port } = receiver.address() as AddressInfo;
  const sealed = keyring.seal(privateKey, { ...place, purpose: 'auth.private_key', version: secret });
  return readyWebhook(
    routedWebhook({
      id,
      url: `https://127.0.0.1:${port}/`,
      secrets: [keyring.seal(generateSecret(), { ...place, purpose: 'signing' })],
      auth: { type: 'mtls', certificate, private_key: { secret }, ca },
      credentials: { 'auth.private_key': sealed },
    }),
    keyring,
    () => undefined,
  );
}

async function attempt(webhook: ReadyWebhook): Promise<AttemptRecord> {
  const owed = {
    ...{ delivery: 'dlv_1', tenant: 'acme', event: 'evt_1', event_type: 'a', webhook: id },
    ...{ timestamp: '2026-11-22T09:00:00.000Z', created_at: 0, owed_at: 0, attempt: 1, trigger: 'auto' },
    ...{ sequence: 1, by_reference: false },
  } as OwedDelivery;
  const payload = { data: Buffer.from('{}'), metadata: null };
  return (await attempter.attempt(webhook, owed, payload)).attempt;
}

describe('a webhook with a client certificate', () => {
  it('shows it, and from its next version on the new one', async () => {
    const [anna, bert] = ['anna', 'bert'].map((name) => certify({ name, by: authority }));
    expect(await attempt(ready(anna!))).toMatchObject({ response: { body: 'anna' }, error: null });
    expect(await attempt(ready(bert!, 2))).toMatchObject({ response: { body: 'bert' }, error: null });
  });

  it('that its receiver does not trust ends without an answer, and its key is in no record', async () => {
    const stranger = certify({ name: 'stranger' });
    const made = await attempt(ready(stranger, 3));
    // Node closes the connection without an alert that would tell why.
    expect(made).toMatchObject({ response: null, error: { kind: 'reset' } });
    expect(JSON.stringify(made)).not.toContain('PRIVATE KEY');
  });

  it('and another CA than its receiver has ends as tls', async () => {
    const anna = certify({ name: 'anna', by: authority });
    const other = certify({ name: 'another authority' }).certificate;
    expect(await attempt(ready(anna, 4, other))).toMatchObject({ response: null, error: { kind: 'tls' } });
  });
});
