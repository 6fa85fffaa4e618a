import { AxiosHeaders, type AxiosAdapter, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import type { Dispatcher } from 'undici';
import { DeadlineError, InvalidAnswerError, UNASKED_UPGRADE } from './failure.js';
import type { OriginPools } from './origin-pools.js';
import type { TlsIdentity } from './tls-identity.js';

/** What an answer's body is cut to; the rest is never read. */
export const KEPT_BODY_BYTES = 16 * 1024;

/** Informational answers (1xx) before the answer: reading a flood of them would take all of a CPU until the deadline. */
const MAX_INTERIM_ANSWERS = 256;
const TOO_MANY_INTERIM = `More than ${MAX_INTERIM_ANSWERS} informational answers came, and no other.`;

/** What is kept of an answer; like the request it travels through axios as `data`, untouched. */
export interface KeptAnswer {
  headers: Record<string, string>;
  /** The body, as far as it is kept. */
  bytes: Buffer;
  truncated: boolean;
}

/**
 * A request as it leaves. It travels through axios as `data`, and is a class so
 * that axios hands it on untouched: taking the headers through axios' own
 * handling, which may alter them, costs twice as much (docs/adr/0001).
 */
export class OutboundRequest {
  constructor(
    readonly method: string,
    readonly url: string,
    readonly headers: Record<string, string>,
    readonly body: Buffer,
    /** One deadline for the whole exchange, milliseconds. */
    readonly timeoutMs: number,
    /** Whose certificate is shown to a receiver that asks for one. */
    readonly identity?: TlsIdentity,
  ) {}
}

const NO_BYTES = Buffer.alloc(0);
/** What axios sees of an answer's headers. */
const NO_HEADERS = new AxiosHeaders();

/**
 * axios over undici's pools: a fifth of the CPU of axios over node:http
 * (docs/adr/0001). `timeout` is one deadline from the look-up of the name to
 * the last byte, so that neither slow headers nor a dripping body outlast it.
 */
export function undiciAdapter(pools: OriginPools): AxiosAdapter {
  return (config) =>
    new Promise((resolve, reject) => {
      const request = config.data as OutboundRequest;
      const url = new URL(request.url);
      const exchange = new Exchange(config, resolve, reject);
      const options = {
        path: url.pathname + url.search,
        method: (config.method ?? 'post').toUpperCase(),
        headers: request.headers,
        body: request.body,
      };
      try {
        exchange.tells(pools.dispatch(url.origin, request.identity, options, exchange));
      } catch (error) {
        exchange.fail(error as Error);
      }
    });
}

/**
 * One request and its answer.
 *
 *   waiting --> answering --> settled     (any may go to settled by failing)
 */
class Exchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private readonly deadline: NodeJS.Timeout;
  private settled = false;
  private ended: ((expiredUnbegun: boolean) => void) | undefined;
  private status = 0;
  private interim = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly config: InternalAxiosRequestConfig,
    private readonly resolve: (response: AxiosResponse<KeptAnswer>) => void,
    private readonly reject: (error: Error) => void,
  ) {
    const withinMs = config.timeout ?? 0;
    this.deadline = setTimeout(() => this.expire(withinMs), withinMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The deadline passed while the request waited for a connection.
    if (this.settled) controller.abort(new DeadlineError('late'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // Informational answers are not the answer; a 101 is the last thing that is HTTP.
    if (status === 101) return controller.abort(new InvalidAnswerError(UNASKED_UPGRADE));
    if (status < 200) {
      this.interim += 1;
      if (this.interim > MAX_INTERIM_ANSWERS) controller.abort(new InvalidAnswerError(TOO_MANY_INTERIM));
      return;
    }
    this.status = status;
    for (const name in headers) this.headers[name] = String(headers[name]);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.settled) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    if (this.bytes <= KEPT_BODY_BYTES) return;
    this.answer(Buffer.concat(this.chunks).subarray(0, KEPT_BODY_BYTES), true);
    // The connection is given up rather than drained: the rest may have no end.
    controller.abort(new Error('enough read'));
  }

  onResponseEnd(): void {
    this.answer(this.bytes === 0 ? NO_BYTES : Buffer.concat(this.chunks), false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  private answer(bytes: Buffer, truncated: boolean): void {
    if (!this.settle()) return;
    const { config, headers, status } = this;
    const data = { headers, bytes, truncated };
    this.resolve({ data, status, statusText: '', headers: NO_HEADERS, config });
  }

  /** @param ended to be called at the end, with whether the deadline came before the request was begun */
  tells(ended: (expiredUnbegun: boolean) => void): void {
    if (this.settled) ended(false);
    else this.ended = ended;
  }

  /** Unless it is settled already. */
  fail(error: Error, expiredUnbegun = false): void {
    if (this.settle(expiredUnbegun)) this.reject(error);
  }

  private expire(afterMs: number): void {
    const error = new DeadlineError(`No complete answer within ${afterMs} ms.`);
    this.fail(error, this.controller === undefined);
    this.controller?.abort(error);
  }

  /** @returns whether this was the first to settle it */
  private settle(expiredUnbegun = false): boolean {
    if (this.settled) return false;
    this.settled = true;
    clearTimeout(this.deadline);
    this.ended?.(expiredUnbegun);
    return true;
  }
}
