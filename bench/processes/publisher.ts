import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { tuneGarbageCollection } from '#observability';

/** Events that go out side by side with those of other flows, each at its own rate. */
export interface Flow {
  /** Events are `<type>.t0` and so on, this many types in turn. */
  type: string;
  types: number;
  count: number;
  /** Events a second; 0 for as fast as acknowledgements allow. */
  rate: number;
}

/**
 * Publishes events, as a process of its own.
 * Arguments: NATS URL, a prefix of the event ids, flows (JSON).
 * An event's id is `<prefix>-<type>-<number>-<milliseconds since 1970 when published>`.
 */
const [url = '', prefix = '', flows = '[]'] = process.argv.slice(2);

const WINDOW = 500;
const PAYLOAD = 'x'.repeat(520);

tuneGarbageCollection();
const { username, password, host } = new URL(url);
const connection = await connect({ servers: host, user: username, pass: password });
const js = jetstream(connection);

let underWay = 0;
let waiting: (() => void)[] = [];

function publish(flow: Flow, number: number): void {
  const id = `${prefix}-${flow.type}-${number}-${Date.now()}`;
  const all = headers();
  all.set('Nats-Msg-Id', id);
  underWay++;
  void js
    .publish(
      `events.default.${flow.type}.t${number % flow.types}`,
      `{"number":${number},"text":"${PAYLOAD}"}`,
      {
        headers: all,
        timeout: 60_000,
      },
    )
    .then(() => {
      underWay--;
      if (underWay >= WINDOW) return;
      const resumed = waiting;
      waiting = [];
      for (const resume of resumed) resume();
    });
}

async function publishAll(flow: Flow): Promise<void> {
  const started = performance.now();
  const perMs = flow.rate / 1000;
  for (let number = 0; number < flow.count; number++) {
    const due = perMs > 0 ? started + number / perMs : 0;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    while (underWay >= WINDOW) await new Promise<void>((resolve) => waiting.push(resolve));
    publish(flow, number);
  }
}

process.send?.({});
await Promise.all((JSON.parse(flows) as Flow[]).map(publishAll));
while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 1));
await connection.drain();
process.disconnect?.();
