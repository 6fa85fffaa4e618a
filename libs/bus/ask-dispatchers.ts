import { setTimeout as sleep } from 'node:timers/promises';
import { TimeoutError, RequestError, NoRespondersError, type Msg } from '@nats-io/transport-node';
import { BusUnreachableError, type Wires } from './connection.js';

/** One of all dispatchers answers. */
const QUEUE = 'dispatchers';
/** Of what a dispatcher is asked at once, so that it takes no more than a share of its room. */
const AT_ONCE = 32;
const SIGN_OF_LIFE_MS = 2_000;
const STOP_WITHIN_MS = 2_500;

export interface Unanswered {
  refused: 'dispatcher_busy' | 'dispatcher_failed';
}

/** No dispatcher listens. */
export class NoDispatcherError extends Error {
  override readonly name = 'NoDispatcherError';
}

/** A dispatcher may have done what it was asked, but its answer did not come in time. */
export class TestTooLateError extends Error {
  override readonly name = 'TestTooLateError';
}

/** What somebody waits for: asked of the dispatchers directly, no stream holds it, for nobody wants a later answer. */
export class AskDispatchers<Answer> {
  constructor(
    private readonly wires: Wires,
    private readonly subject: string,
  ) {}

  /**
   * Has one dispatcher answer now.
   * @throws NoDispatcherError, TestTooLateError; BusUnreachableError when NATS shows no sign of life
   */
  async request(question: Uint8Array, withinMs: number): Promise<Answer | Unanswered> {
    await this.signOfLife();
    try {
      const reply = await this.wires.connection.request(this.subject, question, { timeout: withinMs });
      return reply.json<Answer | Unanswered>();
    } catch (error) {
      if (error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders()))
        throw new NoDispatcherError('No dispatcher runs.', { cause: error });
      if (error instanceof TimeoutError || (error as Error).cause instanceof TimeoutError)
        throw new TestTooLateError(`No dispatcher answered within ${withinMs} ms.`, { cause: error });
      throw new BusUnreachableError(`NATS did not take the request: ${String(error)}`, { cause: error });
    }
  }

  /**
   * Answers requests, each by one of all who serve.
   * @returns what takes no more requests, and resolves when those under way are answered or after so many
   *   milliseconds; whoever asked for one that takes longer is told that nobody answered
   */
  serve(handle: (question: Uint8Array) => Promise<Answer>): (withinMs?: number) => Promise<void> {
    const underWay = new Set<Promise<void>>();
    const answer = async (message: Msg): Promise<void> => {
      let answer: Answer | Unanswered;
      try {
        answer = underWay.size < AT_ONCE ? await handle(message.data) : { refused: 'dispatcher_busy' };
      } catch {
        answer = { refused: 'dispatcher_failed' };
      }
      if (!this.wires.connection.isClosed()) message.respond(JSON.stringify(answer));
    };
    const subscription = this.wires.connection.subscribe(this.subject, {
      queue: QUEUE,
      callback: (refused, message) => {
        // Who asks is then told that no dispatcher runs: the account may not listen here (k8s/nats/tidings.conf).
        if (refused) return;
        const answering = answer(message).finally(() => underWay.delete(answering));
        underWay.add(answering);
      },
    });
    return async (withinMs = STOP_WITHIN_MS) => {
      const answered = subscription
        .drain()
        .catch(() => undefined)
        .then(() => Promise.all(underWay));
      await Promise.race([answered, sleep(withinMs, undefined, { ref: false })]);
    };
  }

  private async signOfLife(): Promise<void> {
    const late = new Promise<never>((_resolve, reject) => {
      const say = () => reject(new BusUnreachableError(`NATS gave no answer within ${SIGN_OF_LIFE_MS} ms.`));
      setTimeout(say, SIGN_OF_LIFE_MS).unref();
    });
    await Promise.race([this.wires.connection.flush(), late]);
  }
}
