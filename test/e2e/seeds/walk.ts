import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  startReceiver,
  startStandalone,
  waitFor,
  type Answering,
  type ApiAnswer,
  type ReceivedRequest,
  type Receiver,
} from '#testing';
import type { PrintedReceiver } from './printed-receiver.js';

export interface Page<Row> {
  data: Row[];
  next_cursor: string | null;
}
export interface Webhook {
  id: string;
  name: string;
  status: string;
  secret: string;
  event_types: string[];
}
export interface Attempt {
  number: number;
  trigger: string;
  started_at: string;
  duration_ms: number;
  request: { method: string; url: string; headers: Record<string, string>; body: string };
  response: { status: number; headers: Record<string, string>; body: string } | null;
  error: { kind: string; message: string } | null;
}
export interface Delivery {
  id: string;
  event_id: string;
  event_type: string;
  status: string;
  reason: string | null;
  attempt_count: number;
  next_attempt_at: string | null;
  attempts: Attempt[];
}
export interface Stats {
  deliveries: Record<string, number>;
  attempts: Record<string, number>;
  success_rate: number | null;
  latency_ms: { p50: number | null };
  last_triggered_at: string | null;
  retry_queue: number;
  top_failing: { webhook_id: string; name: string; failed: number }[];
}
export interface Tried extends Attempt {
  delivery_id: string;
  event_id: string;
}

/** Deliveries with their attempts are on record within moments. */
const ON_RECORD_MS = 15_000;

/** From the end of an attempt to the moment at which its retry is decided. */
const DECIDED_WITHIN_SECONDS = 0.5;
/** JetStream hands a retry back within about a second of its time; on a machine that is busy it takes longer. */
const LATE_AT_MOST_SECONDS = 10;

const WATCHED_MS = 60_000;

const CATALOGUES = join(import.meta.dirname, '..', '..', '..', 'libs', 'payload', 'catalogues');

/** Tidings as `npm start` brings it up, with a tenant for one earlier system and a receiver beside it. */
export class Walk {
  private readonly answering = new Map<string, Answering>();

  private constructor(
    private readonly tenant: string,
    private readonly system: Awaited<ReturnType<typeof startStandalone>>,
    readonly receiver: Receiver,
  ) {}

  /** @param settings of the tenant: what the system does by itself, such as its retry policy */
  static async start(tenant: string, settings: object): Promise<Walk> {
    const [system, receiver] = await Promise.all([startStandalone(), startReceiver()]);
    const walk = new Walk(tenant, system, receiver);
    receiver.answer((request, count) => walk.answering.get(request.path)?.(request, count) ?? {});
    const made = await system.api('POST', '/tenants', { id: tenant, name: tenant, ...settings });
    expect([made.status, made.body]).toEqual([201, made.body]);
    return walk;
  }

  async stop(): Promise<void> {
    await Promise.all([this.system.stop(), this.receiver.stop()]);
  }

  /** Asks the API for this tenant, and expects the status. */
  async ask<Body>(method: string, path: string, body?: unknown, expected = 200): Promise<Body> {
    const answer = await this.system.api<Body>(method, path, body, { 'tidings-tenant': this.tenant });
    expect([answer.status, answer.body]).toEqual([expected, answer.body]);
    return answer.body;
  }

  /** Asks the API with a key of somebody's. */
  askWith<Body>(key: string, method: string, path: string): Promise<ApiAnswer<Body>> {
    return this.system.api<Body>(method, path, undefined, { authorization: `Bearer ${key}` });
  }

  /** The key of an admin of another tenant. */
  async strangersKey(): Promise<string> {
    const stranger = { 'tidings-tenant': 'stranger' };
    await this.system.api('POST', '/tenants', { id: 'stranger', name: 'Stranger' });
    const fields = { name: 'stranger', role: 'admin' };
    return (await this.system.api<{ key: string }>('POST', '/keys', fields, stranger)).body.key;
  }

  /** The URL of a path of the receiver, which answers like this; 204 without it. */
  at(path: string, answering?: Answering): string {
    if (answering) this.answering.set(path, answering);
    return this.receiver.url + path;
  }

  /** The URL of a path whose requests a document's own receiver takes. */
  passedTo(path: string, printed: PrintedReceiver): string {
    return this.at(path, (request) => printed.take(request));
  }

  create(fields: object): Promise<Webhook> {
    return this.ask<Webhook>('POST', '/webhooks', fields, 201);
  }

  /** Publishes an event. @returns its id */
  async publish(type: string, data: unknown, more: object = {}): Promise<string> {
    return (await this.ask<{ id: string }>('POST', '/events', { type, data, ...more }, 202)).id;
  }

  /** Publishes data as this text, whose bytes are kept. @returns the event's id */
  async publishText(type: string, data: string): Promise<string> {
    const answer = await fetch(`${this.system.apiUrl}/api/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.system.operatorKey}`,
        'tidings-tenant': this.tenant,
        'content-type': 'application/json',
      },
      body: `{"type":${JSON.stringify(type)},"data":${data}}`,
    });
    expect(answer.status).toBe(202);
    return ((await answer.json()) as { id: string }).id;
  }

  /** The request of this count to a path, when it is there. */
  received(path: string, count = 1): Promise<ReceivedRequest> {
    return waitFor(() => {
      const request = this.receiver.to(path)[count - 1];
      if (!request) throw new Error(`${path} has ${this.receiver.to(path).length} requests, not ${count}.`);
      return request;
    }, ON_RECORD_MS);
  }

  /** The newest delivery of a webhook that is like this, when there is one. */
  delivery(webhook: string, like: object, timeoutMs = ON_RECORD_MS): Promise<Delivery> {
    return waitFor(async () => {
      const { data } = await this.ask<Page<Delivery>>('GET', `/deliveries?webhook_id=${webhook}`);
      const [found] = data.filter((one) => Object.entries(like).every(([k, v]) => one[k as 'id'] === v));
      expect(found ?? data).toMatchObject(like);
      return this.ask<Delivery>('GET', `/deliveries/${found?.id}`);
    }, timeoutMs);
  }

  /** The statistics of a webhook, once they count what its list of deliveries shows. */
  statsOf(webhook: string): Promise<Stats> {
    return waitFor(async () => {
      const { data } = await this.ask<Page<Delivery>>('GET', `/webhooks/${webhook}/deliveries?limit=250`);
      const shown = await Promise.all(data.map(({ id }) => this.ask<Delivery>('GET', `/deliveries/${id}`)));
      const attempts = shown.flatMap((delivery) => delivery.attempts);
      const stats = await this.ask<Stats>('GET', `/webhooks/${webhook}/stats?window=24h`);
      const of = (status: string) => shown.filter((delivery) => delivery.status === status).length;
      expect(stats).toMatchObject({
        deliveries: {
          ...{
            total: shown.length,
            success: of('success'),
            failed: of('failed'),
            cancelled: of('cancelled'),
          },
          ...{ pending: of('pending'), retrying: of('retrying') },
        },
        attempts: {
          total: attempts.length,
          success: attempts.filter(({ error }) => error === null).length,
          failed: attempts.filter(({ error }) => error !== null).length,
        },
      });
      return stats;
    }, ON_RECORD_MS);
  }

  /** Imports the system's catalogue, and checks that the tenant has these types and no others. */
  async importsCatalogue(file: string, types: readonly string[]): Promise<void> {
    const source = JSON.parse(await readFile(join(CATALOGUES, file), 'utf8')) as unknown;
    const report = await this.ask<{ created: string[] }>('POST', '/event-types/import', { source });
    expect(report).toMatchObject({ failed: [] });
    expect([...report.created].sort()).toEqual([...types].sort());
    const { data } = await this.ask<Page<{ name: string }>>('GET', '/event-types?limit=250');
    expect(data.map(({ name }) => name).sort()).toEqual([...types].sort());
  }

  /** A webhook that fails until its retries are used up, and one event for it. @returns what waits for the end */
  async retriesOf(
    name: string,
    type: string,
    retry: object,
  ): Promise<{ waited(waits: readonly number[]): Promise<void> }> {
    const path = `/retries-of-${name}`;
    const url = this.at(path, () => ({ status: 500, body: 'not now' }));
    const filter = { 'data.retries_of': name };
    const { id } = await this.create({ name: `retries of ${name}`, url, event_types: [type], filter, retry });
    await this.publish(type, { retries_of: name });
    const watching = this.dueTimes(id);
    return {
      /** @param waits in seconds, one for each retry */
      waited: async (waits) => {
        const longest = waits.reduce((sum, wait) => sum + wait + LATE_AT_MOST_SECONDS, 0) * 1000;
        const { attempts } = await this.delivery(
          id,
          { status: 'failed', reason: 'retries_exhausted', attempt_count: waits.length + 1 },
          ON_RECORD_MS + longest,
        );
        expect(attempts.map(({ number, trigger }) => `${number} ${trigger}`)).toEqual(
          [0, ...waits].map((_wait, i) => `${i + 1} auto`),
        );
        const times = this.receiver.to(path).map(({ at }) => at);
        expect(times).toHaveLength(waits.length + 1);
        const due = await watching;
        if (waits.length > 0) expect(due.size).toBeGreaterThan(0);
        waits.forEach((wait, i) => {
          const between = ((times[i + 1] ?? 0) - (times[i] ?? 0)) / 1000;
          expect(between).toBeGreaterThanOrEqual(wait - 0.01);
          expect(between).toBeLessThan(wait + LATE_AT_MOST_SECONDS);
          const { started_at = '', duration_ms = 0 } = attempts[i] ?? {};
          const waited = ((due.get(i + 1) ?? NaN) - Date.parse(started_at) - duration_ms) / 1000;
          // A wait so short may have gone by before it was looked at.
          if (Number.isNaN(waited)) return;
          expect(waited).toBeGreaterThanOrEqual(wait - 0.01);
          expect(waited).toBeLessThan(wait + DECIDED_WITHIN_SECONDS);
        });
      },
    };
  }

  /** When each next attempt was due, by the number of those before it, as the record said while it waited. */
  private async dueTimes(webhook: string): Promise<Map<number, number>> {
    const due = new Map<number, number>();
    const ended = async () => {
      const { data } = await this.ask<Page<Delivery>>('GET', `/webhooks/${webhook}/deliveries`);
      const { attempt_count = 0, next_attempt_at = null, status } = data[0] ?? {};
      if (next_attempt_at !== null) due.set(attempt_count, Date.parse(next_attempt_at));
      expect(status).toBe('failed');
    };
    // Whoever waits for the end is told why it did not come.
    await waitFor(ended, WATCHED_MS).catch(() => undefined);
    return due;
  }
}

/** The request as somebody on its way would have changed it; a receiver must refuse each. */
export function tampered(request: ReceivedRequest, header: string): [string, ReceivedRequest][] {
  const signature = String(request.headers[header]);
  const other = signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  const parsed = JSON.parse(request.body.toString()) as Record<string, unknown>;
  const changed = JSON.stringify({ ...parsed, [Object.keys(parsed)[0] ?? '']: 'something else' });
  return [
    ['another body', { ...request, body: Buffer.from(changed) }],
    ['a member more', { ...request, body: Buffer.from(JSON.stringify({ ...parsed, extra: 1 })) }],
    ['another signature', { ...request, headers: { ...request.headers, [header]: other } }],
    ['no signature', { ...request, headers: { ...request.headers, [header]: 'sha256=' } }],
  ];
}

/** That a document's receiver takes our request, and refuses each that was changed. */
export async function takesOnlyOurs(printed: PrintedReceiver, request: ReceivedRequest, header: string) {
  expect(await printed.take(request)).toMatchObject({ status: 200 });
  for (const [what, changed] of tampered(request, header)) {
    const { status } = await printed.take(changed);
    expect([what, status >= 400]).toEqual([what, true]);
  }
}
