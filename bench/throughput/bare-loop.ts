import { createHmac } from 'node:crypto';
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream';
import { connect, headers, nanos } from '@nats-io/transport-node';
import pg from 'pg';
import { Agent } from 'undici';

/**
 * The yardstick: the same network work as Tidings does for a delivery, with
 * nats.js, undici and pg alone. Nothing is matched, retried, checked or
 * configurable; the acceptance of an event and the attempt are journaled in
 * batches and become rows by multi-row statements.
 * Arguments: role (`route` reads events and the journal, `send` delivers),
 * NATS URL, database URL, receiver's URL.
 */
const [role = '', natsUrl = '', databaseUrl = '', receiver = ''] = process.argv.slice(2);

const { username, password, host } = new URL(natsUrl);
const connection = await connect({ servers: host, user: username, pass: password });
const js = jetstream(connection);
const jsm = await jetstreamManager(connection);

await jsm.streams
  .add({ name: 'BARE_DELIVERIES', subjects: ['bare.deliveries'], retention: RetentionPolicy.Workqueue })
  .catch(() => undefined);
await jsm.streams.add({ name: 'BARE_JOURNAL', subjects: ['bare.journal'] }).catch(() => undefined);

async function consume(
  stream: string,
  name: string,
  handle: (data: Uint8Array, id: string) => Promise<void>,
): Promise<void> {
  await jsm.consumers.add(stream, {
    durable_name: name,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(30_000),
    max_ack_pending: 4_000,
  });
  const consumer = await js.consumers.get(stream, name);
  let held = 0;
  let resume: (() => void) | undefined;
  for await (const message of await consumer.consume({ max_messages: 500 })) {
    if (++held >= 256) await new Promise<void>((resolve) => (resume = resolve));
    void handle(message.data, message.headers?.get('Nats-Msg-Id') ?? '').then(() => {
      message.ack();
      held--;
      resume?.();
    });
  }
}

let open: { facts: string[]; stored: Promise<unknown>; store: () => void } | undefined;

function journal(fact: unknown): Promise<unknown> {
  if (!open) {
    let store = () => {};
    const stored = new Promise((resolve) => {
      store = () => {
        const batch = open;
        open = undefined;
        resolve(js.publish('bare.journal', `[${batch?.facts.join(',')}]`));
      };
    });
    open = { facts: [], stored, store };
    setTimeout(store, 10);
  }
  open.facts.push(JSON.stringify(fact));
  return open.stored;
}

if (role === 'route') {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  await pool.query('CREATE TABLE IF NOT EXISTS bare_events (id text PRIMARY KEY, data text)');
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bare_deliveries (id text PRIMARY KEY, status int, request text, response text)',
  );
  void consume('EVENTS', 'bare-routing', async (data, id) => {
    const msgHeaders = headers();
    msgHeaders.set('Nats-Msg-Id', `${id}:wh`);
    await js.publish('bare.deliveries', data, { headers: msgHeaders });
    await journal({ kind: 'event', id, data: Buffer.from(data).toString() });
  });
  let rows: { kind: string; id: string }[] = [];
  let writing: Promise<void> | undefined;
  const write = async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const batch = rows;
    rows = [];
    writing = undefined;
    const of = (kind: string) => JSON.stringify(batch.filter((row) => row.kind === kind));
    await pool.query(
      'INSERT INTO bare_events SELECT id, data FROM json_to_recordset($1::json) AS e(id text, data text) ON CONFLICT DO NOTHING',
      [of('event')],
    );
    await pool.query(
      'INSERT INTO bare_deliveries SELECT id, status, request, response FROM json_to_recordset($1::json) AS d(id text, status int, request text, response text) ON CONFLICT DO NOTHING',
      [of('attempt')],
    );
  };
  void consume('BARE_JOURNAL', 'bare-projections', async (data) => {
    rows.push(...(JSON.parse(Buffer.from(data).toString()) as typeof rows));
    await (writing ??= write());
  });
} else {
  const agent = new Agent({ connections: 64 });
  const target = new URL(receiver);
  void consume('BARE_DELIVERIES', 'bare-dispatch', async (data, id) => {
    const body = Buffer.concat([
      Buffer.from('{"type":"bench","timestamp":"2026-01-01T00:00:00.000Z","data":'),
      data,
      Buffer.from('}'),
    ]);
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', 'secret')
      .update(`${id}.${timestamp}.`)
      .update(body)
      .digest('base64');
    const requestHeaders = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': `${timestamp}`,
      'webhook-signature': `v1,${signature}`,
    };
    const response = await agent.request({
      origin: target.origin,
      path: '/',
      method: 'POST',
      headers: requestHeaders,
      body,
    });
    const text = await response.body.text();
    await journal({
      kind: 'attempt',
      id,
      status: response.statusCode,
      request: body.toString(),
      response: text,
    });
  });
}
process.send?.({ type: 'ready' });
process.on('SIGTERM', () => process.exit(0));
