import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import pg from 'pg';
import {
  startNatsCluster,
  startReceiver,
  startStandalone,
  waitFor,
  type NatsServerName,
  type Receiver,
  type RunningStandalone,
  type TestNatsCluster,
} from '#testing';
import { publishAll, type LoadEvent } from './load.js';

const EVENTS = 20_000;
const PER_SECOND = 200;
/** Servers agree on another leader within some seconds. */
const SEEN_FOR_MS = 15_000;
const WEBHOOKS = 10;
const STREAMS = ['DELIVERIES', 'EVENTS', 'JOURNAL'];

describe('a cluster of three NATS servers loses the leader of each stream in turn, under load', () => {
  let cluster: TestNatsCluster;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let system: RunningStandalone;
  let receiver: Receiver;
  let database: pg.Client;
  const events: LoadEvent[] = Array.from({ length: EVENTS }, (_, i) => ({
    id: `cluster-${i}`,
    type: `cluster.t${i % WEBHOOKS}`,
  }));

  beforeAll(async () => {
    cluster = await startNatsCluster();
    system = await startStandalone({
      env: { TIDINGS_NATS_URL: cluster.url, TIDINGS_NATS_REPLICAS: '3', TIDINGS_LOG_LEVEL: 'error' },
    });
    receiver = await startReceiver();
    for (let i = 0; i < WEBHOOKS; i++) {
      const { status } = await system.api('POST', '/webhooks', {
        name: `cluster-${i}`,
        url: `${receiver.url}/${i}`,
        event_types: [`cluster.t${i}`],
        retry: { strategy: 'fixed', initial_delay_seconds: 1, count: 20 },
      });
      expect(status).toBe(201);
    }
    const urls = cluster.url.split(',').map((url) => new URL(url));
    connection = await connect({
      servers: urls.map(({ host }) => host),
      user: urls[0]?.username ?? '',
      pass: urls[0]?.password ?? '',
      maxReconnectAttempts: -1,
    });
    manager = await jetstreamManager(connection, { timeout: 10_000 });
    database = new pg.Client({ connectionString: system.databaseUrl });
    await database.connect();
    const publishing = publishAll(cluster.url, events, PER_SECOND);
    await sleep(5_000);
    for (const stream of STREAMS) await killLeaderOf(stream);
    await publishing;
  });

  afterAll(async () => {
    await database?.end();
    await connection?.close();
    await system?.stop();
    await receiver?.stop();
    await cluster?.stop();
  });

  async function leaderOf(stream: string): Promise<NatsServerName> {
    return waitFor(async () => {
      const { cluster: state } = await manager.streams.info(stream);
      expect(state?.leader).toBeTruthy();
      return state?.leader as NatsServerName;
    }, 30_000);
  }

  async function killLeaderOf(stream: string): Promise<void> {
    const leader = await leaderOf(stream);
    const killedAt = Date.now();
    await cluster.kill(leader);
    await sleep(SEEN_FOR_MS);
    const pause = longestPause(killedAt);
    console.info(`the leader of ${stream} (${leader}) was killed: deliveries paused for ${pause} ms`);
    await cluster.restart(leader);
    await waitFor(async () => {
      for (const each of STREAMS) {
        const { cluster: state } = await manager.streams.info(each);
        expect(state?.replicas?.map(({ current }) => current)).toEqual([true, true]);
      }
    }, 60_000);
    await sleep(3_000);
  }

  /** Between two requests that came after the kill, or the kill and the first of them, in milliseconds. */
  function longestPause(since: number): number {
    let last = since;
    let longest = 0;
    for (const { at } of receiver.requests) {
      if (at < since) continue;
      longest = Math.max(longest, at - last);
      last = at;
    }
    return longest;
  }

  const count = async (what: string) =>
    Number((await database.query<{ n: string }>(`SELECT count(*) AS n FROM ${what}`)).rows[0]?.n);

  it('everything is kept on three servers', async () => {
    for await (const { config } of manager.streams.list())
      expect({ stream: config.name, replicas: config.num_replicas }).toEqual({
        stream: config.name,
        replicas: 3,
      });
  });

  it('every event reached its webhook', async () => {
    const received = () => new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size;
    await waitFor(() => expect(received()).toBe(EVENTS), 120_000);
    // Attempts that nobody could acknowledge while a stream had no leader are made again.
    console.info(`repeated: ${receiver.requests.length - EVENTS}`);
  });

  it('the record is complete', async () => {
    await waitFor(
      async () => expect(await count(`deliveries WHERE status = 'success'`)).toBe(EVENTS),
      120_000,
    );
    expect(await count('events')).toBe(EVENTS);
    expect(await count('deliveries')).toBe(EVENTS);
  });
});
