import type { EgressClient, Failure } from '#egress';
import {
  askForToken,
  type ClientAuthentication,
  type IssuedToken,
  type OAuthClient,
  type TokenAnswer,
} from './ask-for-token.js';

export type Token = { token: string } | { failure: Failure };

/** A token is replaced by this share of its lifetime before its end, a minute at most. */
const MARGIN = 0.1;
const MAX_MARGIN_MS = 60_000;
/** And up to this share of the margin sooner, so that many webhooks do not ask in step. */
const JITTER = 0.4;
/** For how long a failure stands without being tried again: the first, and the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

const LATE: Token = {
  failure: { kind: 'auth', message: "No token was there within the attempt's deadline." },
};

/** Waits that double from a second to a minute. */
class Pause {
  private times = 0;
  private until = 0;

  isOn(now: number): boolean {
    return now < this.until;
  }

  lengthen(now: number): void {
    this.until = now + Math.min(FIRST_PAUSE_MS * 2 ** this.times, LONGEST_PAUSE_MS);
    this.times += 1;
  }

  end(): void {
    this.times = 0;
    this.until = 0;
  }
}

/**
 * The OAuth token of one webhook, as one version of it has its client. Another
 * version has another source, so that no token outlives what it was given for;
 * it is gone with its webhook. In memory only.
 *
 *   none --asked--> asking --given--> held --margin reached--> held, asking
 *     ^               `--refused--> paused --time--> none        `--> held
 *     `------------------- its end, or a receiver's 401 ---------------'
 *
 * However many attempts want a token, one request for it is under way.
 */
export class TokenSource {
  private held: { token: string; replaceAt: number; endsAt: number } | undefined;
  private asking: Promise<Token> | undefined;
  private failure: Token = LATE;
  private readonly failing = new Pause();
  /** Renewals that no receiver honoured. */
  private readonly useless = new Pause();
  private authentication: ClientAuthentication = 'client_secret_basic';

  /**
   * @param timeoutMs how long a request for a token may take
   * @param clock milliseconds, and a random number from 0 up to 1; specs choose their own
   */
  constructor(
    private readonly oauth: OAuthClient,
    private readonly timeoutMs: number,
    private readonly clock: { now: () => number; random: () => number } = {
      now: () => performance.now(),
      random: () => Math.random(),
    },
  ) {}

  /**
   * A token, or why there is none; never throws.
   * @param withinMs what is left to the attempt that asks, milliseconds
   */
  get(client: Pick<EgressClient, 'send'>, withinMs: number): Token | Promise<Token> {
    const now = this.clock.now();
    const { held } = this;
    if (held && now < held.endsAt) {
      if (now >= held.replaceAt && !this.failing.isOn(now)) void this.ask(client);
      return held;
    }
    if (!this.asking && this.failing.isOn(now)) return this.failure;
    return inTime(this.ask(client), withinMs);
  }

  /**
   * Another token than one that a receiver answered with 401; undefined when
   * asking for one did not help a moment ago.
   * @param withinMs what is left to the attempt that asks, milliseconds
   */
  renew(
    client: Pick<EgressClient, 'send'>,
    refused: string,
    withinMs: number,
  ): Token | Promise<Token> | undefined {
    if (this.held?.token === refused) {
      if (this.useless.isOn(this.clock.now())) return undefined;
      this.held = undefined;
    }
    return this.get(client, withinMs);
  }

  /** A receiver's word on a token. */
  heard(honoured: boolean): void {
    if (honoured) this.useless.end();
    else if (!this.useless.isOn(this.clock.now())) this.useless.lengthen(this.clock.now());
  }

  private ask(client: Pick<EgressClient, 'send'>): Promise<Token> {
    return (this.asking ??= this.fetch(client).finally(() => {
      this.asking = undefined;
    }));
  }

  private async fetch(client: Pick<EgressClient, 'send'>): Promise<Token> {
    const asked = this.clock.now();
    let answer = await askForToken(client, this.oauth, this.authentication, this.timeoutMs);
    const left = this.timeoutMs - (this.clock.now() - asked);
    if ('failure' in answer && answer.clientRefused && left > 0)
      answer = await this.askOtherwise(client, answer, left);
    if ('failure' in answer) {
      this.failure = { failure: answer.failure };
      this.failing.lengthen(this.clock.now());
      return this.failure;
    }
    this.failing.end();
    return this.hold(answer.issued, asked);
  }

  /** The first answer stands where the other way of showing the client does not help either. */
  private async askOtherwise(
    client: Pick<EgressClient, 'send'>,
    first: TokenAnswer,
    withinMs: number,
  ): Promise<TokenAnswer> {
    const other =
      this.authentication === 'client_secret_basic' ? 'client_secret_post' : 'client_secret_basic';
    const answer = await askForToken(client, this.oauth, other, withinMs);
    if ('failure' in answer) return first;
    this.authentication = other;
    return answer;
  }

  private hold({ token, lifetimeMs }: IssuedToken, asked: number): Token {
    const margin = Math.min(lifetimeMs * MARGIN, MAX_MARGIN_MS);
    const replaceAt = asked + lifetimeMs - margin * (1 + JITTER * this.clock.random());
    this.held = { token, replaceAt, endsAt: asked + lifetimeMs };
    return this.held;
  }
}

/** The request for a token goes on for the others. */
function inTime(token: Promise<Token>, withinMs: number): Promise<Token> {
  let timer: NodeJS.Timeout;
  const late = new Promise<Token>((resolve) => {
    timer = setTimeout(resolve, withinMs, LATE);
  });
  return Promise.race([token, late]).finally(() => clearTimeout(timer));
}
