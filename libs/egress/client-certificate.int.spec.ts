import {
  createServer,
  getCACertificates,
  setDefaultCACertificates,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { certify } from '#testing';
import { EgressClient } from './client.js';
import { listen } from '../testing/hostile/raw-receiver.js';
import type { TlsIdentity } from './tls-identity.js';
import { OutboundRequest } from './undici-adapter.js';

const client = new EgressClient({ allow: ['127.0.0.0/8'], http: false, ports: 'any' }, 16);
afterAll(() => client.close());

const authority = certify({ name: 'authority' });
const other = certify({ name: 'another authority' });
const server = certify({ name: 'receiver', by: authority });
const identityOf = (id: string, ca: string | null = authority.certificate): TlsIdentity => ({
  id,
  ...certify({ name: id, by: authority }),
  ca,
});
const anna = identityOf('anna');

const send = (url: string, identity?: TlsIdentity) =>
  client.send(new OutboundRequest('POST', url, {}, Buffer.from('{}'), 5_000, identity));

/** A receiver that answers with the name of whoever asks, and demands a certificate of its authority. */
async function demanding({ certificate, privateKey } = server, options: TlsOptions = {}) {
  const demand = { requestCert: true, rejectUnauthorized: true, ca: authority.certificate };
  const tls = createServer({ cert: certificate, key: privateKey, ...demand, ...options }, (socket) => {
    socket.on('error', () => undefined).on('data', () => answer(socket));
  });
  tls.on('tlsClientError', () => undefined);
  return listen(tls, 'https');
}

function answer(socket: TLSSocket): void {
  const { subject } = socket.getPeerCertificate();
  const name = String(subject?.CN ?? 'nobody');
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
}

describe('a request with a client certificate', () => {
  it('is let in by a receiver that demands one, over connections of its own', async () => {
    const receiver = await demanding();
    for (let i = 0; i < 3; i++)
      expect(await send(receiver.url, anna)).toMatchObject({ answer: { body: 'anna' } });
    expect(await send(receiver.url, identityOf('bert'))).toMatchObject({ answer: { body: 'bert' } });
    expect(await send(receiver.url, anna)).toMatchObject({ answer: { body: 'anna' } });
    // A second one of the first's where it was not yet seen to be free.
    expect(receiver.connections).toBeLessThanOrEqual(3);
  });

  it('leaves the requests without one alone', async () => {
    const receiver = await demanding(server, { rejectUnauthorized: false });
    expect(await send(receiver.url, anna)).toMatchObject({ answer: { body: 'anna' } });
    expect(await send(receiver.url)).toMatchObject({ failure: { kind: 'tls' } });
  });

  it('goes to a host by its name, and tells it the name', async () => {
    const named = certify({ name: 'named', by: authority, hosts: ['localhost'] });
    const names: (string | false | null)[] = [];
    const receiver = await demanding(named, {
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const both = new EgressClient({ allow: ['127.0.0.0/8', '::1'], http: false, ports: 'any' }, 1);
    const request = new OutboundRequest('POST', url, {}, Buffer.from('{}'), 5_000, anna);
    expect(await both.send(request)).toMatchObject({ answer: { body: 'anna' } });
    expect(names).toEqual(['localhost']);
    await both.close();
  });
});

describe('the TLS handshake fails', () => {
  it.each([
    ['when the CA is another', server, identityOf('a', other.certificate)],
    ['when the CA is not given, and the system does not know it', server, identityOf('b', null)],
    ['when the receiver signed its certificate itself', certify({ name: 'self' }), anna],
    ['when the certificate has expired', certify({ name: 'old', by: authority, days: [-3, -2] }), anna],
    ['when the certificate is not valid yet', certify({ name: 'new', by: authority, days: [2, 3] }), anna],
    [
      "when the certificate is another host's",
      certify({ name: 'wrong', by: authority, hosts: ['example.com', '127.0.0.2'] }),
      anna,
    ],
    ['when the identity is no certificate', server, { ...anna, id: 'c', certificate: 'none' }],
    ["when the key is not the certificate's", server, { ...anna, id: 'd', privateKey: other.privateKey }],
  ])('%s', async (_when, certified, identity) => {
    const receiver = await demanding(certified);
    const exchanged = await send(receiver.url, identity);
    expect(exchanged).toMatchObject({ failure: { kind: 'tls' } });
    expect(JSON.stringify(exchanged)).not.toContain('PRIVATE KEY');
  });

  it('when the receiver demands a certificate and none is shown', async () => {
    const receiver = await demanding();
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, authority.certificate]);
    const fresh = new EgressClient({ allow: ['127.0.0.0/8'], http: false, ports: 'any' }, 1);
    const request = new OutboundRequest('POST', receiver.url, {}, Buffer.from('{}'), 5_000);
    expect(await fresh.send(request)).toMatchObject({
      failure: { kind: 'tls', message: expect.stringContaining('CERTIFICATE_REQUIRED') as unknown },
    });
    setDefaultCACertificates(trusted);
    await fresh.close();
  });
});
