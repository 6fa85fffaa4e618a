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
  subject: string;
  payload: Uint8Array | string;
  options: PublishOptions;
  /** When it was sent last; 0 before the first time. Milliseconds since 1970. */
  sentAt: number;
  /** Milliseconds since 1970. */
  deadline: number;
  /** What to say when the deadline passes. */
  trouble: string;
  resolve: (stored: Stored) => void;
  reject: (error: Error) => void;
}

export interface PublishOptions {
  /** `Nats-Msg-Id`: the same id again within the stream's window is stored once. */
  dedupId?: string;
  headers?: Record<string, string>;
}

/** What JetStream says of a message. */
interface Answer {
  seq?: number;
  duplicate?: boolean;
  error?: { code: number; description: string };
}

const TIMEOUT_MS = 5_000;
const SWEEP_MS = 500;
/** A server that was just started says "no responders" until it has read its streams. */
const NOT_READY_RETRY_MS = 200;
/** What the leader of a stream took with it when it died is sent to the next one. */
const RESEND_AFTER_MS = 1_000;
/** How JetStream says that it cannot do now what it could do later. */
const UNAVAILABLE = 503;

/**
 * Publishes to JetStream with any number of messages under way: acknowledgements
 * come back on one inbox and are told apart by their last token, where the
 * library's own publish makes a request with a timer for each message
 * (docs/adr/0001).
 *
 *   waiting --> stored | refused | too late
 *
 * A message that waits is sent again when the connection was lost and is back
 * (the client throws away what it had not sent by then), when the server was
 * not ready to store it, and, where it has a dedup id, when a second passes
 * without an answer: in a cluster a stream's leader may die with what it was
 * sent. Under its dedup id it is stored once all the same.
 */
export class Publisher {
  /** By number, and so in the order of publishing. No Map: see InHand, which knows no numbers. */
  private readonly waiting: Record<string, Waiting> = {};
  private readonly inbox: string;
  private readonly subscription: Subscription;
  private readonly sweeper: NodeJS.Timeout;
  private next = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly outbox: Outbox,
    inboxPrefix?: string,
  ) {
    this.inbox = createInbox(inboxPrefix);
    this.subscription = connection.subscribe(`${this.inbox}.*`, {
      callback: (_error, reply) => this.settle(reply),
    });
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
    this.sweeper.unref();
    void this.resendAfterReconnects();
  }

  /**
   * @returns where it was stored, once JetStream has acknowledged it
   * @throws PublishError when JetStream refused it or did not answer in 5 s
   */
  publish(subject: string, payload: Uint8Array | string, options: PublishOptions = {}): Promise<Stored> {
    return new Promise((resolve, reject) => {
      const token = String(this.next++);
      const deadline = Date.now() + TIMEOUT_MS;
      const trouble = `no acknowledgement within ${TIMEOUT_MS} ms`;
      this.waiting[token] = { subject, payload, options, sentAt: 0, deadline, trouble, resolve, reject };
      this.outbox.push(() => this.send(token));
    });
  }

  /** Messages that wait for their acknowledgement. */
  get unacknowledged(): number {
    return Object.keys(this.waiting).length;
  }

  close(): void {
    clearInterval(this.sweeper);
    this.subscription.unsubscribe();
    for (const token in this.waiting) this.fail(token, 'the publisher was closed before the answer came');
  }

  private send(token: string): void {
    const message = this.waiting[token];
    if (!message) return;
    const reply = `${this.inbox}.${token}`;
    message.sentAt = Date.now();
    try {
      const extra = toHeaders(message.options);
      this.connection.publish(
        message.subject,
        message.payload,
        extra ? { reply, headers: extra } : { reply },
      );
    } catch (error) {
      this.fail(token, String(error));
    }
  }

  private settle(reply: Msg): void {
    const token = reply.subject.slice(reply.subject.lastIndexOf('.') + 1);
    const message = this.waiting[token];
    if (!message) return;
    if (reply.data.length === 0) {
      this.sendLater(token, 'no stream takes it (JetStream is not ready, or the stream is missing)');
      return;
    }
    const answer = reply.json<Answer>();
    if (answer.error?.code === UNAVAILABLE) {
      this.sendLater(token, answer.error.description);
      return;
    }
    if (answer.error || answer.seq === undefined) {
      this.fail(token, `JetStream refused it: ${answer.error?.description ?? 'no sequence in the answer'}`);
      return;
    }
    delete this.waiting[token];
    message.resolve({ sequence: answer.seq, duplicate: answer.duplicate === true });
  }

  private sendLater(token: string, trouble: string): void {
    const message = this.waiting[token];
    if (!message) return;
    message.trouble = trouble;
    setTimeout(() => this.send(token), NOT_READY_RETRY_MS).unref();
  }

  private fail(token: string, trouble: string): void {
    const message = this.waiting[token];
    delete this.waiting[token];
    message?.reject(new PublishError(`${message.subject}: ${trouble}.`));
  }

  private async resendAfterReconnects(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type !== 'reconnect') continue;
      for (const token in this.waiting) this.send(token);
    }
  }

  private sweep(): void {
    const now = Date.now();
    for (const token in this.waiting) {
      const { deadline, trouble, sentAt, options } = this.waiting[token] as Waiting;
      if (deadline <= now) this.fail(token, trouble);
      // In order of publishing: the rest is younger.
      else if (deadline - TIMEOUT_MS + RESEND_AFTER_MS > now) return;
      else if (options.dedupId !== undefined && sentAt + RESEND_AFTER_MS <= now) this.send(token);
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
