import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';

export interface LoadEvent {
  id: string;
  type: string;
}

const WINDOW = 400;
const RETRY_MS = 200;

/**
 * Publishes events at a steady pace and, as an application must, publishes
 * again whatever was not acknowledged, under the same id.
 * @param natsUrl one server or several with commas between
 * @param perSecond events a second, as long as the server takes them
 */
export async function publishAll(natsUrl: string, events: LoadEvent[], perSecond: number): Promise<void> {
  const urls = natsUrl.split(',').map((url) => new URL(url));
  const { username, password } = urls[0] ?? new URL(natsUrl);
  const connection = await connect({
    servers: urls.map(({ host }) => host),
    user: username,
    pass: password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  });
  const js = jetstream(connection);
  const publish = async ({ id, type }: LoadEvent): Promise<void> => {
    for (;;) {
      try {
        const withId = headers();
        withId.set('Nats-Msg-Id', id);
        await js.publish(`events.default.${type}`, JSON.stringify({ id, text: 'x'.repeat(400) }), {
          headers: withId,
          timeout: 2_000,
        });
        return;
      } catch {
        await sleep(RETRY_MS);
      }
    }
  };
  const underWay = new Set<Promise<void>>();
  const started = performance.now();
  for (const [i, event] of events.entries()) {
    const early = started + (i * 1000) / perSecond - performance.now();
    if (early > 0) await sleep(early);
    while (underWay.size >= WINDOW) await Promise.race(underWay);
    const sending = publish(event).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }
  await Promise.all(underWay);
  await connection.close();
}
