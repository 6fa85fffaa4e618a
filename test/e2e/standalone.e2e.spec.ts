import { jest } from '@jest/globals';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { identityOf } from '#embedded';
import {
  spawnStandalone,
  startReceiver,
  startStandalone,
  temporaryDataDir,
  waitFor,
  type RunningStandalone,
} from '#testing';

/** Starts take seconds each, and a machine that runs other specs beside is slow. */
jest.setTimeout(180_000);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

async function ask(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('select 1');
  await client.end();
}

/** Those of the processes that still run. */
async function survivors(pids: readonly number[]): Promise<number[]> {
  const found = await Promise.all(pids.map(identityOf));
  return found.flatMap((identity) => (identity === undefined ? [] : [identity.pid]));
}

describe('standalone, while it runs', () => {
  let dataDir: string;
  let standalone: RunningStandalone;

  beforeAll(async () => {
    dataDir = await temporaryDataDir();
    standalone = await startStandalone({ dataDir });
  });
  afterAll(async () => {
    await standalone.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('tells clients in standalone.json where everything is, and only its owner may read that', async () => {
    const file = join(dataDir, 'standalone.json');
    const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    expect(Object.keys(json)).toEqual(['api_url', 'operator_key', 'nats_url', 'database_url', 'processes']);
    expect(Object.keys(json.processes as object).sort()).toEqual([
      'admin-api',
      'dispatcher',
      'nats',
      'postgres',
      'subscriber',
    ]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(json.operator_key).toMatch(/^tdg_[A-Za-z0-9]{8,}_[A-Za-z0-9_-]{32,}$/);
    await ask(standalone.databaseUrl);
    expect((await standalone.api('GET', '/webhooks')).status).toBe(200);
  });

  it('prints the address and the operator key to a person', () => {
    expect(standalone.output()).toContain(standalone.apiUrl);
    expect(standalone.output()).toContain(standalone.operatorKey);
  });

  it('holds its folder: a second start there is refused in one sentence', async () => {
    const second = await spawnStandalone(dataDir).ended;
    expect(second.code).toBe(1);
    expect(second.output).toContain(
      `Tidings did not start. Tidings already runs on ${dataDir} (process ${standalone.pid}). Stop that one first, or set TIDINGS_DATA_DIR to another folder.`,
    );
    expect(await answers(`${standalone.apiUrl}/health/ready`)).toBe(true);
  });

  it.each(['postgres', 'nats', 'admin-api', 'subscriber', 'dispatcher'])(
    'starts %s again when it dies, on the same address, and says so',
    async (name) => {
      const before = (await standalone.processes())[name] ?? 0;
      process.kill(before, 'SIGKILL');
      const after = await waitFor(async () => {
        const pid = (await standalone.processes())[name];
        expect(pid).toBeDefined();
        expect(pid).not.toBe(before);
        return pid ?? 0;
      }, 60_000);
      expect(await identityOf(after)).toBeDefined();
      expect(standalone.output()).toMatch(/ended \(SIGKILL\); starting it again in 0\.1 s/);
      expect(standalone.output()).toContain(`is up again (process ${after})`);
      await ask(standalone.databaseUrl);
      await waitFor(
        async () => expect(await answers(`${standalone.apiUrl}/health/ready`)).toBe(true),
        30_000,
      );
    },
  );

  it('still delivers after each of its processes died once', async () => {
    const receiver = await startReceiver();
    const created = await standalone.api('POST', '/webhooks', {
      name: 'after-the-storm',
      url: `${receiver.url}/hook`,
      event_types: ['storm.over'],
    });
    expect(created.status).toBe(201);
    const accepted = await waitFor(async () => {
      const answer = await standalone.api<{ id: string }>('POST', '/events', {
        type: 'storm.over',
        data: { n: 1 },
      });
      expect(answer.status).toBe(202);
      return answer.body;
    }, 30_000);
    const [request] = await waitFor(() => {
      expect(receiver.requests.length).toBeGreaterThan(0);
      return receiver.requests;
    }, 60_000);
    expect(request?.headers['webhook-id']).toBe(accepted.id);
    await receiver.stop();
  });
});

describe('standalone, from start to start', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await temporaryDataDir();
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('stops cleanly, and its next start finds its data, its key and its addresses', async () => {
    const first = await startStandalone({ dataDir });
    const pids = Object.values(await first.processes());
    await first.api('POST', '/webhooks', { name: 'kept', url: 'https://example.com/', event_types: ['*'] });
    const end = await first.stop('SIGINT');
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(await survivors(pids)).toEqual([]);
    expect((await readdir(dataDir)).sort()).toEqual(['kept.json', 'logs', 'nats', 'postgres']);

    const next = await startStandalone({ dataDir });
    expect(next.operatorKey).toBe(first.operatorKey);
    expect([next.databaseUrl, next.natsUrl]).toEqual([first.databaseUrl, first.natsUrl]);
    const { body } = await next.api<{ data: { name: string }[] }>('GET', '/webhooks');
    expect(body.data.map(({ name }) => name)).toEqual(['kept']);
    expect((await next.stop()).code).toBe(0);
  });

  it('starts again after it was killed, on the data that it had', async () => {
    const first = await startStandalone({ dataDir });
    await first.api('POST', '/webhooks', { name: 'kept', url: 'https://example.com/', event_types: ['*'] });
    const pids = Object.values(await first.processes());
    await first.stop('SIGKILL');
    expect(await exists(join(dataDir, 'standalone.json'))).toBe(true);
    const next = await startStandalone({ dataDir });
    expect(await survivors(pids)).toEqual([]);
    const { body } = await next.api<{ data: { name: string }[] }>('GET', '/webhooks');
    expect(body.data.map(({ name }) => name)).toEqual(['kept']);
    expect((await next.stop()).code).toBe(0);
  });

  it('can be stopped while it starts, and leaves nothing running', async () => {
    const starting = spawnStandalone(dataDir);
    await waitFor(async () => expect(await exists(join(dataDir, 'children.json'))).toBe(true), 30_000);
    const children = JSON.parse(await readFile(join(dataDir, 'children.json'), 'utf8')) as { pid: number }[];
    starting.kill('SIGINT');
    expect((await starting.ended).code).toBe(0);
    expect(await survivors(children.map(({ pid }) => pid))).toEqual([]);
    expect(await exists(join(dataDir, 'lock'))).toBe(false);
    const next = await startStandalone({ dataDir });
    expect((await next.stop()).code).toBe(0);
  });
});

describe('standalone with --demo', () => {
  interface Listed {
    data: { id: string; name: string; url: string }[];
  }
  const delivered = /\/orders +order\.created +evt_\w+ +attempt \d+ +signature verified +answered (204|503)/;

  it('shows signed deliveries as they arrive, and makes its webhooks once', async () => {
    const dataDir = await temporaryDataDir();
    const seen: Listed['data'][] = [];
    for (let start = 0; start < 2; start++) {
      // Without what startStandalone allows webhooks by itself: the demo sees to that.
      const env = {
        TIDINGS_EGRESS_ALLOW: undefined,
        TIDINGS_EGRESS_HTTP: undefined,
        TIDINGS_EGRESS_PORTS: undefined,
      };
      const standalone = await startStandalone({ dataDir, args: ['--demo'], env });
      await waitFor(() => expect(standalone.output()).toMatch(delivered), 60_000);
      expect(standalone.output()).not.toContain('signature NOT verified');
      seen.push((await standalone.api<Listed>('GET', '/webhooks')).body.data);
      expect((await standalone.stop()).code).toBe(0);
    }
    expect(seen[0]?.map(({ name }) => name).sort()).toEqual(['demo-all', 'demo-orders']);
    expect(seen[1]?.map(({ id }) => id)).toEqual(seen[0]?.map(({ id }) => id));
    await rm(dataDir, { recursive: true, force: true });
  });
});
