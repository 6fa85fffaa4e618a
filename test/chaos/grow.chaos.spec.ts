import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Bus } from '#bus';
import {
  routedTenant,
  routedWebhook,
  startNatsCluster,
  TOPOLOGY,
  waitFor,
  type TestNatsCluster,
} from '#testing';

const EVENTS = 200;

describe('an installation that kept everything on one server of a cluster', () => {
  let cluster: TestNatsCluster;

  beforeAll(async () => {
    cluster = await startNatsCluster();
  }, 60_000);
  afterAll(() => cluster?.stop());

  it('keeps it on three once it is started with TIDINGS_NATS_REPLICAS=3, with all that is there', async () => {
    const one = await Bus.open({ url: cluster.url, name: 'spec' }, { ...TOPOLOGY, replicas: 1 });
    const webhook = routedWebhook({ id: 'wh_grown' });
    await one.tenants.put(routedTenant({ id: 'default' }));
    await one.webhooks.put(webhook);
    await Promise.all(
      Array.from({ length: EVENTS }, (_, n) =>
        one.publishEvent({ tenant: 'default', type: 'order.created', body: `${n}`, dedupId: `grown-${n}` }),
      ),
    );
    await one.close();

    const three = await Bus.open({ url: cluster.url, name: 'spec' }, { ...TOPOLOGY, replicas: 3 });
    const [first] = cluster.url.split(',').map((url) => new URL(url));
    const connection = await connect({
      servers: first?.host ?? '',
      user: first?.username ?? '',
      pass: first?.password ?? '',
    });
    const manager = await jetstreamManager(connection);
    await waitFor(async () => {
      for await (const { config, cluster: state } of manager.streams.list())
        expect({
          stream: config.name,
          replicas: config.num_replicas,
          current: state?.replicas?.map(({ current }) => current),
        }).toEqual({ stream: config.name, replicas: 3, current: [true, true] });
    }, 30_000);
    expect((await manager.streams.info('EVENTS')).state.messages).toBe(EVENTS);
    expect(await three.webhooks.get(webhook.tenant, webhook.id)).toEqual(webhook);
    // Known to the three as it was to the one.
    const again = { tenant: 'default', type: 'order.created', body: '0', dedupId: 'grown-0' };
    expect(await three.publishEvent(again)).toMatchObject({ duplicate: true });
    await connection.close();
    await three.close();
  }, 90_000);
});
