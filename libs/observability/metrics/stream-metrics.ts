import type { Registry } from 'prom-client';
import type { Bus, BusFigures, WatchedConsumer } from '#bus';
import { KeptFigures } from './kept-figures.js';
import { readGauge, type Sample } from './read-gauge.js';

/** Several scrapes share what was read. */
const KEPT_MS = 5_000;

/**
 * What lies in the streams and how far their readers are, over all processes: whoever has these metrics tells the
 * same, and goes on telling it when no reader lives any more. What NATS does not tell in time is left out.
 * @param further consumers besides those that all subscribers share, such as those of bound streams
 */
export function streamMetrics(
  registry: Registry,
  bus: Pick<Bus, 'figures'>,
  further: readonly WatchedConsumer[] = [],
): void {
  const kept = new KeptFigures(() => bus.figures(further), KEPT_MS);
  const ofStreams = async (value: (stream: BusFigures['streams'][number]) => number | null) =>
    (await kept.get())?.streams.flatMap((stream): Sample[] => {
      const found = value(stream);
      return found === null ? [] : [[{ stream: stream.name }, found]];
    });
  const ofConsumers = async (value: (consumer: BusFigures['consumers'][number]) => number) =>
    (await kept.get())?.consumers.map((found): Sample => {
      const { stream, consumer } = found;
      return [{ stream, consumer }, value(found)];
    });
  const lagOf = async (consumer: string) =>
    (await kept.get())?.consumers.find((found) => found.consumer === consumer)?.lag_seconds;

  readGauge(
    registry,
    {
      name: 'tidings_projection_lag_seconds',
      help: 'Age of the oldest fact that is not in the record yet, whether anyone projects or not; 0 when there is none.',
    },
    () => lagOf('projections'),
  );
  readGauge(
    registry,
    {
      name: 'tidings_routing_lag_seconds',
      help: 'Age of the oldest message of EVENTS that is not routed yet, whether anyone routes or not; 0 when there is none.',
    },
    () => lagOf('routing'),
  );
  readGauge(
    registry,
    {
      name: 'tidings_consumer_lag_seconds',
      help: 'Age of the oldest message that a durable consumer has not acknowledged; 0 when there is none.',
      labelNames: ['stream', 'consumer'],
    },
    () => ofConsumers(({ lag_seconds }) => lag_seconds),
  );
  readGauge(
    registry,
    {
      name: 'tidings_consumer_pending',
      help: 'Messages that a durable consumer has not handed out yet.',
      labelNames: ['stream', 'consumer'],
    },
    () => ofConsumers(({ pending }) => pending),
  );
  readGauge(
    registry,
    {
      name: 'tidings_consumer_ack_pending',
      help: 'Messages that a durable consumer has handed out and that are not acknowledged.',
      labelNames: ['stream', 'consumer'],
    },
    () => ofConsumers(({ ack_pending }) => ack_pending),
  );
  readGauge(
    registry,
    {
      name: 'tidings_consumer_redelivered',
      help: 'Of the messages that are not acknowledged, those that were handed out more than once.',
      labelNames: ['stream', 'consumer'],
    },
    () => ofConsumers(({ redelivered }) => redelivered),
  );
  readGauge(
    registry,
    {
      name: 'tidings_queue_deliveries',
      help: 'Deliveries that are owed, by where they are: ready to be taken, in the lane of a webhook that takes none now, or scheduled for later.',
      labelNames: ['state'],
    },
    async () =>
      Object.entries((await kept.get())?.queue ?? {}).map(([state, value]): Sample => [{ state }, value]),
  );
  readGauge(
    registry,
    { name: 'tidings_stream_messages', help: 'Messages in a stream.', labelNames: ['stream'] },
    () => ofStreams(({ messages }) => messages),
  );
  readGauge(
    registry,
    { name: 'tidings_stream_bytes', help: 'Bytes in a stream.', labelNames: ['stream'] },
    () => ofStreams(({ bytes }) => bytes),
  );
  readGauge(
    registry,
    {
      name: 'tidings_stream_max_bytes',
      help: "How large a stream may become; left out where only the server's store bounds it.",
      labelNames: ['stream'],
    },
    () => ofStreams(({ max_bytes }) => max_bytes),
  );
  readGauge(
    registry,
    {
      name: 'tidings_stream_max_age_seconds',
      help: 'How old messages become in a stream before they go; left out where they never do.',
      labelNames: ['stream'],
    },
    () => ofStreams(({ max_age_seconds }) => max_age_seconds),
  );
  readGauge(
    registry,
    {
      name: 'tidings_nats_store_bytes',
      help: 'What our account of NATS stores in all its streams and buckets.',
    },
    async () => (await kept.get())?.store.bytes,
  );
  readGauge(
    registry,
    {
      name: 'tidings_nats_store_max_bytes',
      help: "What it may store; left out where only the server's disk is the limit.",
    },
    async () => (await kept.get())?.store.max_bytes ?? undefined,
  );
}
