import { Bus } from '#bus';
import {
  decideWebhook,
  DEFAULT_RETRY,
  newId,
  PLAIN_WEBHOOK,
  type WebhookCommand,
  type WebhookState,
} from '#domain';
import { createLogger } from '#observability';
import { changeWebhook, migrate, openDatabase, type DataSource } from '#persistence';
import { startNats, startPostgres, TOPOLOGY, waitFor, type TestNats, type TestPostgres } from '#testing';
import { LedgerRelay } from './ledger-relay.js';

const REPAIR_EVERY_MS = 200;

let postgres: TestPostgres;
let nats: TestNats;
let database: DataSource;
let bus: Bus;
let relay: LedgerRelay;

/** Holds the next repair once it has read the webhooks' bucket, until it is let go. */
class HeldRepair {
  /** Repairs that are through with the webhooks. */
  ended = 0;
  /** Those that read all of the webhooks' bucket. */
  read = 0;
  readonly bus: Bus;
  private held: { reached: () => void; go: Promise<void> } | undefined;

  constructor(bus: Bus) {
    const webhooks = after(bus.webhooks, 'digests', async () => {
      this.read++;
      const held = this.held;
      this.held = undefined;
      held?.reached();
      await held?.go;
    });
    // Tenants come last (relayed-aggregates.ts).
    const tenants = after(bus.tenants, 'mark', () => void this.ended++);
    this.bus = Object.create(bus, { webhooks: { value: webhooks }, tenants: { value: tenants } }) as Bus;
  }

  /** @returns once a repair is held, with what lets it go */
  async hold(): Promise<() => void> {
    let letGo: () => void = () => undefined;
    const go = new Promise<void>((resolve) => (letGo = resolve));
    await new Promise<void>((reached) => (this.held = { reached, go }));
    return letGo;
  }
}

/** The bucket, with something to be done whenever one of its methods has answered. */
function after<Method extends 'digests' | 'mark', Of extends Record<Method, () => Promise<unknown>>>(
  bucket: Of,
  method: Method,
  then: () => Promise<void> | void,
): Of {
  const answered = async () => {
    const answer = await bucket[method]();
    await then();
    return answer;
  };
  return Object.create(bucket, { [method]: { value: answered } }) as Of;
}

let repair: HeldRepair;
beforeAll(async () => {
  [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  repair = new HeldRepair(bus);
  relay = new LedgerRelay(postgres.url, repair.bus, createLogger('silent', 'spec'), REPAIR_EVERY_MS);
  await relay.start();
  await waitFor(() => expect(repair.ended).toBeGreaterThan(0));
}, 60_000);
afterAll(async () => {
  await relay.stop();
  await bus.close();
  await database.destroy();
  await Promise.all([postgres.stop(), nats.stop()]);
});

type Bare = WebhookCommand extends infer Each
  ? Each extends WebhookCommand
    ? Omit<Each, 'tenant' | 'webhook' | 'actor' | 'at'>
    : never
  : never;

const held = (id: string) => bus.webhooks.get('default', id);
/** Changes a webhook and waits for the relay as a request would. @returns whether it was told in that time */
async function told(id: string, command: Bare): Promise<boolean> {
  const about = { tenant: 'default', webhook: id, actor: 'spec', at: Date.now() };
  const decide = (state: WebhookState) => decideWebhook(state, { ...about, ...command });
  const sealed = { signing: new Map([[1, 'sealed']]), credentials: new Map() };
  const { seq } = await changeWebhook(database, 'default', id, decide, () => sealed);
  return relay.relayed(seq ?? -1, 2_000);
}
const create = (name: string): Bare => ({
  kind: 'create',
  secret: 'generated',
  definition: {
    ...PLAIN_WEBHOOK,
    name,
    url: 'https://example.com/',
    event_types: ['*'],
    status: 'active',
    timeout_seconds: 30,
    retry: DEFAULT_RETRY,
  },
});
describe('while a repair of the bucket runs', () => {
  it('changes are told as quickly as ever; it undoes none of them, and puts back what was lost', async () => {
    const [patched, deleted, made, lost] = [newId('wh'), newId('wh'), newId('wh'), newId('wh')];
    for (const id of [patched, deleted, lost])
      expect(await told(id, create(`there before ${id}`))).toBe(true);
    const whole = await held(lost);
    await bus.webhooks.remove('default', lost);
    const letGo = await repair.hold();
    const { ended } = repair;
    expect(await told(made, create('made meanwhile'))).toBe(true);
    expect(await told(patched, { kind: 'change', change: { description: 'newer' } })).toBe(true);
    expect(await told(deleted, { kind: 'delete' })).toBe(true);
    for (let i = 0; i < 20; i++) expect(await told(newId('wh'), create(`busy ${i}`))).toBe(true);
    expect(repair.ended).toBe(ended);
    const now = [await held(made), await held(patched), await held(deleted)];
    expect(now).toMatchObject([{ version: 1 }, { version: 2 }, undefined]);
    letGo();
    await waitFor(() => expect(repair.ended).toBe(ended + 1));
    expect([await held(made), await held(patched), await held(deleted)]).toEqual(now);
    expect(await held(lost)).toEqual(whole);
    // The slower the machine, the rarer the repairs.
  }, 120_000);
});

describe('where neither bucket nor table has changed since they agreed', () => {
  const repairs = async (count: number) => {
    const { ended } = repair;
    await waitFor(() => expect(repair.ended).toBeGreaterThanOrEqual(ended + count), 60_000);
  };
  const quiet = async () => {
    await repairs(3);
    const { read } = repair;
    await repairs(3);
    return repair.read === read;
  };

  it('a repair reads neither, until a hand changes the one or the other', async () => {
    const id = newId('wh');
    expect(await told(id, create('by hand'))).toBe(true);
    expect(await quiet()).toBe(true);
    const whole = await held(id);
    await bus.webhooks.remove('default', id);
    await waitFor(async () => expect(await held(id)).toEqual(whole), 60_000);
    expect(await quiet()).toBe(true);
    await database.query('UPDATE webhooks SET url = $2 WHERE id = $1', [id, 'https://example.org/']);
    await waitFor(async () => expect(await held(id)).toMatchObject({ url: 'https://example.org/' }), 60_000);
    await database.query('DELETE FROM webhooks WHERE id = $1', [id]);
    await waitFor(async () => expect(await held(id)).toBeUndefined(), 60_000);
    // The slower the machine, the rarer the repairs.
  }, 240_000);
});
