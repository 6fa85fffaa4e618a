import type { Outbox } from './outbox.js';
import {
  createInbox,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';

/** JetStream did not take a message; the message says why. Publishing again is safe where a dedup id was given. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
}

export interface Stored {
  sequence: number;
  /** JetStream knew the dedup id already and stored nothing. */
  duplicate: boolean;
}

interface Waiting {
  resolve: (stored: Stored) => void;
  reject: (error: Error) => void;
  subject: string;
  deadline: number;
}

export interface PublishOptions {
  /** `Nats-Msg-Id`: the same id again within the stream's window is stored once. */
  dedupId?: string;
  headers?: Record<string, string>;
}

const TIMEOUT_MS = 5_000;
const SWEEP_MS = 500;

/**
 * Publishes to JetStream with any number of messages under way: acknowledgements
 * come back on one inbox and are told apart by their last token. The library's
 * own publish makes a request with a timer for each message, which costs more
 * than all else that routing does (docs/adr/0001).
 */
export class Publisher {
  private readonly waiting = new Map<string, Waiting>();
  private readonly inbox = createInbox();
  private readonly subscription: Subscription;
  private readonly sweeper: NodeJS.Timeout;
  private next = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly outbox: Outbox,
  ) {
    this.subscription = connection.subscribe(`${this.inbox}.*`, {
      callback: (_error, reply) => this.settle(reply),
    });
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
    this.sweeper.unref();
  }

  /**
   * @returns where it was stored, once JetStream has acknowledged it
   * @throws PublishError when JetStream refused it or did not answer in 5 s
   */
  publish(subject: string, payload: Uint8Array | string, options: PublishOptions = {}): Promise<Stored> {
    return new Promise((resolve, reject) => {
      const token = (this.next++).toString(36);
      this.waiting.set(token, { resolve, reject, subject, deadline: Date.now() + TIMEOUT_MS });
      this.outbox.push(() => this.send(token, subject, payload, options));
    });
  }

  /** Messages whose acknowledgement is still out. */
  get pending(): number {
    return this.waiting.size;
  }

  close(): void {
    clearInterval(this.sweeper);
    this.subscription.unsubscribe();
    for (const [token, { subject }] of this.waiting)
      this.fail(token, `${subject}: the publisher was closed before the answer came.`);
  }

  private send(token: string, subject: string, payload: Uint8Array | string, options: PublishOptions): void {
    const reply = `${this.inbox}.${token}`;
    const extra = toHeaders(options);
    try {
      this.connection.publish(subject, payload, extra ? { reply, headers: extra } : { reply });
    } catch (error) {
      this.fail(token, `${subject} could not be published: ${String(error)}`);
    }
  }

  private settle(reply: Msg): void {
    const token = reply.subject.slice(reply.subject.lastIndexOf('.') + 1);
    const waiting = this.waiting.get(token);
    if (!waiting) return;
    if (reply.data.length === 0) {
      this.fail(
        token,
        `${waiting.subject}: no stream takes it now (JetStream is not ready, or the stream is missing).`,
      );
      return;
    }
    const answer = reply.json<{ seq?: number; duplicate?: boolean; error?: { description: string } }>();
    if (answer.error || answer.seq === undefined) {
      this.fail(
        token,
        `${waiting.subject}: JetStream refused it: ${answer.error?.description ?? 'no sequence in the answer'}.`,
      );
      return;
    }
    this.waiting.delete(token);
    waiting.resolve({ sequence: answer.seq, duplicate: answer.duplicate === true });
  }

  private fail(token: string, message: string): void {
    this.waiting.get(token)?.reject(new PublishError(message));
    this.waiting.delete(token);
  }

  private sweep(): void {
    const now = Date.now();
    for (const [token, { deadline, subject }] of this.waiting) {
      // Deadlines are in order of publishing, as the map is.
      if (deadline > now) return;
      this.fail(token, `${subject}: no acknowledgement within ${TIMEOUT_MS} ms.`);
    }
  }
}

function toHeaders({ dedupId, headers: named }: PublishOptions): MsgHdrs | undefined {
  if (dedupId === undefined && named === undefined) return undefined;
  const all = headers();
  if (dedupId !== undefined) all.append('Nats-Msg-Id', dedupId);
  for (const name in named) all.append(name, named[name] ?? '');
  return all;
}
