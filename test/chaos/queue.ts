import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/** What JetStream still has for us to do. */
export interface QueueState {
  /** Deliveries that are owed, schedules of retries included. */
  owed: number;
  /** Consumers with something that is not acknowledged. */
  waiting: string[];
}

/** Asks NATS itself what is left to do. */
export async function queueState(natsUrl: string): Promise<QueueState> {
  const { username, password, host } = new URL(natsUrl);
  const connection = await connect({ servers: host, user: username, pass: password });
  try {
    const manager = await jetstreamManager(connection);
    const waiting: string[] = [];
    for (const stream of ['EVENTS', 'DELIVERIES', 'JOURNAL'])
      for await (const { name, num_pending, num_ack_pending } of manager.consumers.list(stream))
        if (num_pending + num_ack_pending > 0) waiting.push(name);
    return { owed: (await manager.streams.info('DELIVERIES')).state.messages, waiting };
  } finally {
    await connection.close();
  }
}
