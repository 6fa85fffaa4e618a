import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';

/**
 * Publishes events, as a process of its own.
 * Arguments: NATS URL, prefix of the event ids, events, events a second (0: as
 * fast as acknowledgements allow), event types.
 * An event's id is `<prefix>-<number>-<milliseconds since 1970 when published>`.
 */
const [url = '', prefix = '', count = '0', rate = '0', types = '1'] = process.argv.slice(2);

const WINDOW = 500;
const PAYLOAD = 'x'.repeat(520);

const { username, password, host } = new URL(url);
const connection = await connect({ servers: host, user: username, pass: password });
const js = jetstream(connection);
const total = Number(count);
const perMs = Number(rate) / 1000;
const started = performance.now();

let underWay = 0;
let resume: (() => void) | undefined;

function publish(number: number): void {
  const type = `bench.t${number % Number(types)}`;
  const id = `${prefix}-${number}-${Date.now()}`;
  const all = headers();
  all.set('Nats-Msg-Id', id);
  underWay++;
  void js
    .publish(`events.default.${type}`, `{"number":${number},"text":"${PAYLOAD}"}`, {
      headers: all,
      timeout: 60_000,
    })
    .then(() => {
      underWay--;
      if (underWay < WINDOW) resume?.();
    });
}

for (let number = 0; number < total; number++) {
  const due = perMs > 0 ? started + number / perMs : 0;
  const early = due - performance.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  if (underWay >= WINDOW) await new Promise<void>((resolve) => (resume = resolve));
  publish(number);
}
while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1));
await connection.drain();
