import { setTimeout as sleep } from 'node:timers/promises';

export interface Answered {
  status: number;
  etag: string | null;
  text: string;
}

/** A change that was answered with 200: its description is at that version of the ledger, or it was lost. */
export interface Acknowledged {
  tenant: string;
  id: string;
  version: number;
  description: string;
  /** What If-Match said. */
  expected: number | undefined;
}

const ANSWER_WITHIN_MS = 10_000;
const PAUSE_AFTER_FAULT_MS = 50;
const NAMES = 25;
const SETTLE_TRIES = 200;
const SETTLE_MS = 100;

/** People and programs that change webhooks of some tenants through any replica, all at once. */
export class WebhookWriters {
  readonly acknowledged: Acknowledged[] = [];
  readonly deleted: { tenant: string; id: string }[] = [];
  /** By Idempotency-Key, the answers of the copies that were sent to both replicas at once. */
  readonly repeated = new Map<string, Answered[]>();
  /** Of each status, how often it was answered; `none` where the connection broke. */
  readonly statuses = new Map<string, number>();
  private readonly known: { tenant: string; id: string }[] = [];
  private readonly counters: { id: string; tenant: string }[] = [];
  /** Increments of the counters that were answered, and those of which nobody knows. */
  counted = 0;
  perhapsCounted = 0;
  private numbers = 0;
  private stopped = false;

  /**
   * @param urls of the replicas, as they are now
   * @param tenants whose webhooks are changed
   * @param once a tenant in which every POST carries an Idempotency-Key and goes to all replicas
   */
  constructor(
    private readonly urls: () => string[],
    private readonly operatorKey: string,
    private readonly tenants: string[],
    private readonly once: string,
  ) {}

  /** Writes until `meanwhile` is over. */
  async during(writers: number, meanwhile: () => Promise<unknown>): Promise<void> {
    this.stopped = false;
    const working = Array.from({ length: writers }, (_, i) => this.work(i));
    try {
      await meanwhile();
    } finally {
      this.stopped = true;
      await Promise.all(working);
    }
  }

  /** Makes a webhook whose metadata counts. */
  async addCounter(tenant: string): Promise<string> {
    const answer = await this.ask('POST', '/webhooks', tenant, fieldsOf('counter'));
    if (answer?.status !== 201) throw new Error(`No counter was made: ${answer?.text}`);
    const { id } = JSON.parse(answer.text) as { id: string };
    this.counters.push({ id, tenant });
    return id;
  }

  async ask(
    method: string,
    path: string,
    tenant: string,
    body?: unknown,
    headers: Record<string, string> = {},
    url = any(this.urls()),
  ): Promise<Answered | undefined> {
    try {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.operatorKey}`,
          'tidings-tenant': tenant,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      const answered = {
        status: response.status,
        etag: response.headers.get('etag'),
        text: await response.text(),
      };
      this.note(String(answered.status));
      if (answered.status === 503) await sleep(PAUSE_AFTER_FAULT_MS);
      return answered;
    } catch {
      this.note('none');
      await sleep(PAUSE_AFTER_FAULT_MS);
      return undefined;
    }
  }

  private note(status: string): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  private async work(writer: number): Promise<void> {
    const kinds = [
      () => this.create(),
      () => this.patch(false),
      () => this.patch(true),
      () => this.patch(true),
      () => this.switchStatus(),
      () => this.increment(),
      () => this.postTwice(),
      () => this.delete(),
    ];
    for (let i = writer; !this.stopped; i++) await kinds[i % kinds.length]?.();
  }

  private async create(): Promise<void> {
    const tenant = any(this.tenants);
    const fields = fieldsOf(`name ${Math.floor(Math.random() * NAMES)}`);
    const answer = await this.ask('POST', '/webhooks', tenant, fields);
    if (answer?.status !== 201) return;
    const { id } = JSON.parse(answer.text) as { id: string };
    this.known.push({ tenant, id });
  }

  private async patch(withIfMatch: boolean): Promise<void> {
    const target = any(this.known);
    if (!target) return;
    const { tenant, id } = target;
    const seen = withIfMatch ? await this.ask('GET', `/webhooks/${id}`, tenant) : undefined;
    if (withIfMatch && seen?.status !== 200) return;
    const description = `change ${++this.numbers}`;
    const ifMatch = seen?.etag ? { 'if-match': seen.etag } : {};
    const answer = await this.ask('PATCH', `/webhooks/${id}`, tenant, { description }, ifMatch);
    if (answer?.status !== 200) return;
    const expected = seen ? versionOf(seen) : undefined;
    this.acknowledged.push({ tenant, id, version: versionOf(answer), description, expected });
  }

  private async switchStatus(): Promise<void> {
    const target = any(this.known);
    if (!target) return;
    const action = Math.random() < 0.5 ? 'pause' : 'resume';
    await this.ask('POST', `/webhooks/${target.id}/${action}`, target.tenant);
  }

  private async increment(): Promise<void> {
    const counter = any(this.counters);
    if (!counter) return;
    const { id, tenant } = counter;
    const seen = await this.ask('GET', `/webhooks/${id}`, tenant);
    if (seen?.status !== 200) return;
    const { metadata } = JSON.parse(seen.text) as { metadata: { n?: string } };
    const more = { metadata: { n: String(Number(metadata.n ?? 0) + 1) } };
    const answer = await this.ask('PATCH', `/webhooks/${id}`, tenant, more, { 'if-match': seen.etag ?? '' });
    if (answer?.status === 200) this.counted++;
    // The change may be made although the answer was lost, or could not be given.
    if (!answer || answer.status >= 500) this.perhapsCounted++;
  }

  /** The same POST to every replica at once, and again while it is said to be under way. */
  private async postTwice(): Promise<void> {
    const key = `once-${++this.numbers}`;
    const post = async (url: string): Promise<Answered | undefined> => {
      for (let tries = 0; tries < SETTLE_TRIES; tries++) {
        const headers = { 'idempotency-key': key };
        const answer = await this.ask('POST', '/webhooks', this.once, fieldsOf(key), headers, url);
        if (answer?.status !== 409 || !answer.text.includes('idempotency_in_flight')) return answer;
        await sleep(SETTLE_MS);
      }
      return undefined;
    };
    const answers = await Promise.all(this.urls().map(post));
    this.repeated.set(
      key,
      answers.filter((answer) => answer !== undefined),
    );
  }

  private async delete(): Promise<void> {
    const index = Math.floor(Math.random() * this.known.length);
    const target = this.known[index];
    if (!target) return;
    const answer = await this.ask('DELETE', `/webhooks/${target.id}`, target.tenant);
    if (answer?.status === 204) this.deleted.push(target);
    if (answer?.status === 204 || answer?.status === 404)
      this.known.splice(this.known.indexOf(target), this.known.includes(target) ? 1 : 0);
  }
}

function fieldsOf(name: string) {
  return { name, url: 'https://example.com/', event_types: ['order.*'], metadata: {} };
}

function versionOf({ etag }: Answered): number {
  return Number(/^"(\d+)"$/.exec(etag ?? '')?.[1]);
}

function any<Item>(items: Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item;
}
