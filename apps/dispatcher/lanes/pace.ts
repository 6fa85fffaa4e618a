import {
  AllowanceTakenOverError,
  type Allowance,
  type AllowanceStore,
  type BreakerStore,
  type JournalWriter,
} from '#bus';
import {
  Breaker,
  breakerSign,
  Places,
  placeSign,
  RateWindow,
  type BreakerTurn,
  type BreakerView,
  type Pass,
  type RateLimit,
  type RateSnapshot,
  type RoutedWebhook,
} from '#domain';
import type { TurnResult, Wait } from './turn.js';

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

export interface PaceKeepers {
  allowances: AllowanceStore;
  breakers: BreakerStore;
  /** For what happens to a webhook as such. */
  journal: JournalWriter;
  /** Deliveries that the tenant allows each of its webhooks in an hour; null for any number. */
  hourlyLimit: (tenant: string) => number | null;
  report: (problem: string, error: unknown) => void;
  /** Told of what a breaker did; for the log and the metrics. */
  breakerTurned?: (webhook: RoutedWebhook, turn: BreakerTurn, breaker: BreakerView) => void;
}

/** What an attempt has used. A limit may have been lifted by the time it ends. */
export interface Used {
  windows: readonly RateWindow[];
  pass: Pass;
}

/** How fast one webhook may be called: its places, its rate limits, its breaker. */
export class Pace {
  private readonly places: Places;
  private rate: RateWindow | undefined;
  private hourly: RateWindow | undefined;
  private agreed: RateWindow | undefined;
  private catchingUp: Promise<void> | undefined;

  private constructor(
    private webhook: RoutedWebhook,
    private readonly breaker: Breaker,
    private readonly kept: Allowance,
    private readonly keepers: PaceKeepers,
  ) {
    this.places = new Places(webhook.concurrency);
    this.update(webhook, Date.now());
  }

  /**
   * Goes on where the webhook's last home left off.
   * @returns a promise where that is to be read
   * @throws (the promise) when NATS cannot be asked
   */
  static resume(webhook: RoutedWebhook, keepers: PaceKeepers): Pace | Promise<Pace> {
    const open = keepers.breakers.known(webhook.id);
    const breaker = open ? Breaker.restore(open.snapshot) : new Breaker();
    const isFree = webhook.rate_limit === null && agreedLimit(webhook) === null;
    if (isFree && keepers.hourlyLimit(webhook.tenant) === null)
      return new Pace(webhook, breaker, {}, keepers);
    return keepers.allowances
      .load(webhook.id)
      .then((kept) => new Pace(webhook, breaker, kept ?? {}, keepers));
  }

  update(webhook: RoutedWebhook, now: number): void {
    this.webhook = webhook;
    this.places.change(webhook.concurrency);
    const hourly = this.keepers.hourlyLimit(webhook.tenant);
    this.rate = changed(this.rate, webhook.rate_limit, this.kept.rate, now);
    this.hourly = changed(
      this.hourly,
      hourly === null ? null : { limit: hourly, period_seconds: HOUR_SECONDS },
      this.kept.hourly,
      now,
    );
    this.agreed = changed(this.agreed, agreedLimit(webhook), this.kept.agreed, now);
  }

  /** Whether anything but its places and its breaker holds it back. */
  get isLimited(): boolean {
    return this.windows().length > 0;
  }

  /** Why no attempt may begin now; undefined when one may. */
  waitNow(now: number): Wait | undefined {
    if (this.breaker.allows(now) === 'no') return 'circuit_open';
    if (this.windows().some((window) => window.free(now) === 0)) return 'rate_limited';
    return this.places.free > 0 ? undefined : 'webhook_busy';
  }

  /** When breaker and limits allow the next attempt, milliseconds since 1970; Infinity when only news can tell. */
  freeAt(now: number): number {
    const probeAt = this.breaker.allows(now) === 'no' ? (this.breaker.nextProbeAt ?? Infinity) : now;
    return Math.max(probeAt, ...this.windows().map((window) => window.freeAt(now)));
  }

  /** How many deliveries are worth having in hand: as many again as places, so that no place is empty for a pull's time. */
  room(now: number): number {
    if (this.breaker.allows(now) !== 'yes') return 1;
    return Math.min(2 * this.places.size, ...this.windows().map((window) => window.free(now)));
  }

  /**
   * Uses what an attempt uses. What is used of limits is stored before the attempt.
   * @returns what `ended` asks for; a promise of it when there are limits
   * @throws (the promise) when it could not be stored; nothing is used then
   */
  take(now: number): Used | Promise<Used> {
    const windows = this.windows().filter((window) => window.take(now));
    const used = { windows, pass: this.breaker.began(now) };
    this.places.began();
    if (windows.length === 0) return used;
    return this.store().then(
      () => used,
      (error: unknown) => {
        for (const window of windows) window.untake();
        this.ended({ ...used, windows: [] }, undefined, Date.now());
        throw error;
      },
    );
  }

  /** @param result undefined when the attempt was not made */
  ended({ windows, pass }: Used, result: TurnResult | undefined, now: number): void {
    this.places.ended(result ? placeSign(result) : 'neutral');
    for (const window of windows) {
      if (result && neverSent(result)) window.untake();
      else window.ended(now);
    }
    const turned = this.breaker.ended(pass, result ? breakerSign(result) : 'neutral', now, Math.random());
    if (turned) void this.tell(turned, now);
  }

  /** Whether forgetting it would change nothing. */
  isAtRest(now: number): boolean {
    return this.breaker.view().failures === 0 && this.windows().every((window) => isUnused(window, now));
  }

  private windows(): RateWindow[] {
    const { rate, hourly, agreed } = this;
    if (agreed) return [rate, hourly, agreed].filter((window) => window !== undefined);
    if (rate) return hourly ? [rate, hourly] : [rate];
    return hourly ? [hourly] : [];
  }

  private async store(): Promise<void> {
    const { allowances } = this.keepers;
    const { id } = this.webhook;
    try {
      await allowances.save(id, () => this.allowance());
    } catch (error) {
      if (!(error instanceof AllowanceTakenOverError)) throw error;
      await (this.catchingUp ??= this.catchUp());
      if (this.windows().some((window) => window.isExceeded(Date.now()))) throw error;
      await allowances.save(id, () => this.allowance());
    }
  }

  /**
   * The limit came after the webhook did, and an earlier home had one of its own
   * there; or an earlier home wrote late, or what it wrote was read from a server
   * that was behind. What it used counts here too, once for all that wait for it.
   */
  private async catchUp(): Promise<void> {
    try {
      const used = await this.keepers.allowances.load(this.webhook.id);
      if (used?.rate) this.rate?.add(used.rate, Date.now());
      if (used?.hourly) this.hourly?.add(used.hourly, Date.now());
    } finally {
      this.catchingUp = undefined;
    }
  }

  private allowance(): Allowance {
    const snapshot: Allowance = {};
    if (this.rate) snapshot.rate = this.rate.snapshot();
    if (this.hourly) snapshot.hourly = this.hourly.snapshot();
    if (this.agreed) snapshot.agreed = this.agreed.snapshot();
    return snapshot;
  }

  /** A breaker is not worth stopping for: whoever takes over without this learns it anew. */
  private async tell(turned: BreakerTurn, at: number): Promise<void> {
    const { id: webhook, tenant } = this.webhook;
    const { breakers, journal, report } = this.keepers;
    const snapshot = this.breaker.snapshot();
    this.keepers.breakerTurned?.(this.webhook, turned, this.breaker.view());
    try {
      if (snapshot) await breakers.put(webhook, { tenant, snapshot });
      else await breakers.remove(webhook);
      if (turned === 'closed') await journal.append({ kind: 'circuit.closed', tenant, webhook, at });
      if (turned !== 'opened' || !snapshot) return;
      const { failures, next_probe_at: probe_at } = snapshot;
      await journal.append({ kind: 'circuit.opened', tenant, webhook, at, failures, probe_at });
    } catch (error) {
      report(`the breaker of ${webhook} could not be stored`, error);
    }
  }
}

/** What a transform dropped or could not make costs no limit of a receiver that has seen nothing of it. */
function neverSent(result: TurnResult): boolean {
  return 'kind' in result && result.kind === 'transform';
}

function isUnused(window: RateWindow, now: number): boolean {
  window.free(now);
  const { open, slots } = window.snapshot();
  return open === 0 && slots.length === 0;
}

/** What its receiver allows. */
function agreedLimit({ ownership }: RoutedWebhook): RateLimit | null {
  const limit = ownership?.allowed_per_minute ?? null;
  return limit === null ? null : { limit, period_seconds: MINUTE_SECONDS };
}

/** The window under today's limit, with what was used before. */
function changed(
  window: RateWindow | undefined,
  rate: RateLimit | null,
  kept: RateSnapshot | undefined,
  now: number,
): RateWindow | undefined {
  if (rate === null) return undefined;
  if (!window) return kept ? RateWindow.restore(rate, kept, now) : new RateWindow(rate);
  window.change(rate, now);
  return window;
}
