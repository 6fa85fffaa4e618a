import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { certify, waitFor, type Certified } from '#testing';
import { startAdminApi, type AdminApiOptions } from '../start-admin-api.js';
import { OPERATOR_KEY, startApi, type TestApi } from '../testing/api-for-tests.js';

let api: TestApi;
let folder: string;
beforeAll(async () => {
  api = await startApi();
  folder = await mkdtemp(join(tmpdir(), 'tidings-tls-'));
}, 60_000);
afterAll(async () => {
  await api.stop();
  await rm(folder, { recursive: true });
});

/** Another replica of the API. */
async function replica<Result>(
  change: Partial<AdminApiOptions>,
  use: (url: string) => Promise<Result>,
): Promise<Result> {
  const app = await startAdminApi({ ...api.options, ...change });
  try {
    return await use(app.url);
  } finally {
    await app.stop();
  }
}

describe('every answer', () => {
  it.each([
    ['of the API', '/api/v1/webhooks', {}, 200],
    ['without a key', '/api/v1/webhooks', { authorization: '' }, 401],
    ['to nothing', '/nothing', {}, 404],
    ['to a URL that cannot be read', '/%zz', {}, 400],
    ['of the metrics', '/metrics', {}, 200],
  ])('%s says that a browser may do nothing with it', async (_what, path, headers, status) => {
    const answer = await api.ask('GET', path, undefined, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; frame-ancestors 'none'/,
    );
    for (const none of ['server', 'x-powered-by', 'access-control-allow-origin', 'strict-transport-security'])
      expect([none, answer.headers.get(none)]).toEqual([none, null]);
  });

  it('of the description lets its own scripts run, and no others', async () => {
    const page = await api.ask('GET', '/docs');
    expect(page.text).not.toMatch(/<script(?![^>]* src=)/);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';");
  });
});

describe('pages of other origins', () => {
  const preflight = { origin: 'https://console.example.com', 'access-control-request-method': 'POST' };

  it('are answered nothing that lets them in', async () => {
    const answer = await api.ask('OPTIONS', '/api/v1/webhooks', undefined, preflight);
    expect(answer.status).toBe(404);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('are let in where they are listed, without credentials', async () => {
    await replica({ corsOrigins: ['https://console.example.com'] }, async (url) => {
      const listed = await fetch(`${url}/api/v1/webhooks`, { method: 'OPTIONS', headers: preflight });
      expect(listed.status).toBe(204);
      expect(listed.headers.get('access-control-allow-origin')).toBe('https://console.example.com');
      for (const header of ['Authorization', 'Idempotency-Key', 'traceparent', 'tracestate'])
        expect(listed.headers.get('access-control-allow-headers')).toContain(header);
      expect(listed.headers.get('access-control-allow-credentials')).toBeNull();
      const other = await fetch(`${url}/api/v1/webhooks`, {
        method: 'OPTIONS',
        headers: { ...preflight, origin: 'https://example.org' },
      });
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
    });
  }, 30_000);
});

describe('a key', () => {
  it.each(['access_token', 'key', 'authorization'])('in the query as %s is of no use', async (name) => {
    const { status } = await api.ask('GET', `/api/v1/tenants?${name}=${OPERATOR_KEY}`, undefined, {
      authorization: '',
    });
    expect(status).toBe(401);
  });
});

describe('a client that is slow', () => {
  const limits = { headersMs: 300, requestMs: 600, lookEveryMs: 50, silenceMs: 2_000 };
  const began = 'POST /api/v1/events HTTP/1.1\r\nhost: x\r\n';

  it.each([
    ['sends nothing', '', () => undefined],
    ['never ends its headers', began, (socket: Socket) => socket.write('x: y\r\n')],
    [
      'never ends its body',
      `${began}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`,
      (socket: Socket) => socket.write(' '),
    ],
  ])(
    'and %s loses its connection, and others are served meanwhile',
    async (_what, first, more) => {
      await replica({ limits }, async (url) => {
        const sockets = Array.from({ length: 50 }, () => connect(Number(new URL(url).port), '127.0.0.1'));
        let closed = 0;
        for (const socket of sockets) {
          socket.on('error', () => undefined).on('close', () => closed++);
          socket.resume().write(first);
        }
        const dripping = setInterval(() => sockets.forEach((socket) => socket.writable && more(socket)), 40);
        const { status } = await fetch(`${url}/health/live`);
        expect(status).toBe(200);
        await waitFor(() => expect(closed).toBe(sockets.length), 10_000);
        clearInterval(dripping);
      });
    },
    30_000,
  );

  it.each([
    ['a URL', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('or sends %s without end is refused', async (_what, text) => {
    const answered = await new Promise<string>((resolve) => {
      let seen = '';
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.on('data', (chunk) => (seen += String(chunk)));
      socket.on('error', () => undefined).on('close', () => resolve(seen));
      socket.write(text);
    });
    expect(answered).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('a body', () => {
  it.each([
    ['lists', '['.repeat(500_000) + ']'.repeat(500_000)],
    ['objects', '{"a":'.repeat(150_000) + '1' + '}'.repeat(150_000)],
  ])(
    'of %s within each other without end is refused',
    async (_what, deep) => {
      for (const [method, path, body] of [
        ['POST', '/api/v1/webhooks', deep],
        ['POST', '/api/v1/webhooks', `{"filter":${deep}}`],
        ['PATCH', '/api/v1/tenants/default', `{"retry":${deep}}`],
      ] as const) {
        const { status } = await api.ask(method, path, body);
        expect([path, status]).toEqual([path, 422]);
      }
    },
    30_000,
  );

  it('cannot change what objects inherit from', async () => {
    const patch = '{"__proto__":{"name":"taken over"},"retry":{"__proto__":{"count":7}}}';
    await api.ask('PATCH', '/api/v1/tenants/acme', patch);
    expect(({} as Record<string, unknown>)['name']).toBeUndefined();
    expect((await api.ask('GET', '/api/v1/tenants/acme')).json).toMatchObject({
      name: 'acme',
      retry: { count: 3 },
    });
  });
});

describe('wrong keys', () => {
  it('are counted by the address that a trusted proxy names', async () => {
    await replica({ trustProxy: ['127.0.0.1'] }, async (url) => {
      const asked = async (address: string) => {
        const headers = { authorization: 'Bearer wrong', 'x-forwarded-for': address };
        return (await fetch(`${url}/api/v1/webhooks`, { headers })).status;
      };
      for (let i = 0; i < 30; i++) await asked('203.0.113.1');
      expect([await asked('203.0.113.1'), await asked('203.0.113.2')]).toEqual([429, 401]);
    });
  }, 30_000);
});

describe('with a certificate the API', () => {
  const written = async ({ certificate, privateKey }: Certified) => {
    const files = { certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') };
    await Promise.all([writeFile(files.certificate, certificate), writeFile(files.privateKey, privateKey)]);
    return { ...files, lookEveryMs: 50 };
  };
  const seen = (url: string, change: object = {}) =>
    new Promise<{ name: string; answer: string }>((resolve, reject) => {
      const port = Number(new URL(url).port);
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...change }, () => {
        const name = String(socket.getPeerCertificate().subject.CN);
        let answer = '';
        socket.on('data', (chunk) => (answer += String(chunk)));
        socket.on('end', () => resolve({ name, answer }));
        socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      });
      socket.on('error', reject);
    });

  it('speaks https, TLS 1.2 at least, and takes a renewed certificate without a restart', async () => {
    const tls = await written(certify({ name: 'first' }));
    await replica({ tls }, async (url) => {
      expect(url).toMatch(/^https:/);
      const { name, answer } = await seen(url);
      expect(name).toBe('first');
      expect(answer).toMatch(/strict-transport-security: max-age=/i);
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
      await expect(seen(url, old)).rejects.toThrow();
      await writeFile(tls.privateKey, certify({ name: 'half written' }).privateKey);
      await written(certify({ name: 'second' }));
      await waitFor(async () => expect((await seen(url)).name).toBe('second'));
    });
  }, 30_000);

  it('does not start when certificate and key do not go together', async () => {
    const tls = await written(certify({ name: 'one' }));
    await writeFile(tls.privateKey, certify({ name: 'another' }).privateKey);
    await expect(startAdminApi({ ...api.options, tls })).rejects.toThrow(/cannot be used together/);
  });
});
