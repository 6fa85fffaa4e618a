import { Bus } from '#bus';
import { generateSecret, Keyring } from '#signing';
import { routedWebhook, startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { WebhookDirectory } from './webhook-directory.js';

let nats: TestNats;
let bus: Bus;
const keyring = Keyring.parse(`k1:${Buffer.alloc(32, 1).toString('base64')}`);
const reported: string[] = [];
const directory = () => new WebhookDirectory(bus.webhooks, keyring, (problem) => reported.push(problem));
const sealed = (id: string) =>
  keyring.seal(generateSecret(), { tenant: 'acme', webhook: id, purpose: 'signing' });

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

describe('the directory of webhooks', () => {
  it('asks for a webhook that it has not heard of yet', async () => {
    const webhook = routedWebhook({ id: 'wh_new', secrets: [sealed('wh_new')] });
    await bus.webhooks.put(webhook);
    const unaware = directory();
    expect(await unaware.find('acme', 'wh_new')).toMatchObject({
      webhook,
      signer: expect.anything() as unknown,
    });
    expect(unaware.size).toBe(1);
    expect(await unaware.find('acme', 'wh_none')).toBeUndefined();
    expect(await unaware.find('rival', 'wh_new_too')).toBeUndefined();
  });

  it('knows all there are at its start, is told of changes only, and forgets what was removed', async () => {
    const aware = directory();
    const told: string[] = [];
    await aware.watch(({ id, version }) => told.push(`${id} ${version}`));
    expect(aware.size).toBe(1);
    expect(told).toEqual([]);
    await bus.webhooks.put(
      routedWebhook({ id: 'wh_new', version: 2, status: 'inactive', secrets: [sealed('wh_new')] }),
    );
    await waitFor(() => expect(told).toEqual(['wh_new 2']));
    expect(aware.known('wh_new')?.webhook.status).toBe('inactive');
    await bus.webhooks.put(routedWebhook({ id: 'wh_new', version: 1 }));
    await bus.webhooks.put(routedWebhook({ id: 'wh_other', secrets: [sealed('wh_other')] }));
    await waitFor(() => expect(told).toEqual(['wh_new 2', 'wh_other 1']));
    expect(aware.known('wh_new')?.webhook.status).toBe('inactive');
    await bus.webhooks.remove('acme', 'wh_other');
    await waitFor(() => expect(aware.size).toBe(1));
    aware.close();
  });

  it('knows a webhook whose secrets it cannot open, without a signer, and reports it', async () => {
    const webhook = routedWebhook({ id: 'wh_sealed_elsewhere', secrets: [sealed('wh_another')] });
    await bus.webhooks.put(webhook);
    expect(await directory().find('acme', webhook.id)).toMatchObject({ webhook, signer: null });
    expect(reported).toEqual(['the secrets of wh_sealed_elsewhere cannot be opened']);
  });
});

describe('the keys at the start of a dispatcher', () => {
  const start = (ring: Keyring) => {
    const found: string[] = [];
    const aware = new WebhookDirectory(bus.webhooks, ring, (problem) => found.push(problem));
    return { found, watched: aware.watch(() => undefined).finally(() => aware.close()) };
  };

  it('are refused at once, in one sentence, when one is missing or wrong', async () => {
    await bus.webhooks.put(routedWebhook({ id: 'wh_kept', secrets: [sealed('wh_kept')] }));
    for (const [ring, sentence] of [
      [
        `k2:${Buffer.alloc(32, 1).toString('base64')}`,
        'The encryption key "k1" is missing in TIDINGS_ENCRYPTION_KEYS, and secrets in NATS\' bucket of webhooks are sealed with it.',
      ],
      [
        `k1:${Buffer.alloc(32, 2).toString('base64')}`,
        'The encryption key "k1" in TIDINGS_ENCRYPTION_KEYS is not the one that sealed secrets in NATS\' bucket of webhooks under this id.',
      ],
    ] as const) {
      const { found, watched } = start(Keyring.parse(ring));
      await expect(watched).rejects.toThrow(sentence);
      expect(found).toEqual([]);
    }
  });
});
