import type { AttemptErrorKind } from '../journal/facts.js';

/**
 * What an attempt says about its receiver: `ok` for a 2xx, `neutral` when it
 * never came so far.
 */
export type BreakerSign = 'ok' | 'failed' | 'neutral';

/** A breaker as people see it; times are milliseconds since 1970. */
export interface BreakerView {
  state: 'closed' | 'open' | 'half_open';
  /** Failures in a row. */
  failures: number;
  opened_at: number | null;
  next_probe_at: number | null;
}

/** What an open breaker goes on with in another process. */
export interface BreakerSnapshot {
  failures: number;
  opened_at: number;
  next_probe_at: number;
  /** Probes in a row that failed. */
  failed_probes: number;
}

/** An attempt that the breaker let through; to be handed back when it has ended. */
export interface Pass {
  readonly probe: boolean;
  /** Grows whenever the breaker opens or closes. */
  readonly era: number;
}

/**
 * - `opened`, `closed`: what it did
 * - `postponed`: it stays open, with another time for the next probe
 */
export type BreakerTurn = 'opened' | 'postponed' | 'closed';

export const FAILURES_TO_OPEN = 10;
export const FIRST_PROBE_MS = 30_000;
export const LONGEST_PROBE_MS = 10 * 60_000;
/** A probe comes by up to this share of its wait sooner, so that many breakers do not probe in step. */
export const PROBE_JITTER = 0.2;

/**
 * Failures of our own, which say nothing about the receiver. `auth` is none of
 * them: a token endpoint is the webhook's as its receiver is, no attempt gets
 * through without it, and an open breaker spares both.
 */
const OUR_OWN: ReadonlySet<AttemptErrorKind> = new Set(['internal', 'blocked_address', 'transform']);

/** Reads an attempt's result as a sign. */
export function breakerSign(result: { status: number } | { kind: AttemptErrorKind }): BreakerSign {
  if ('kind' in result) return OUR_OWN.has(result.kind) ? 'neutral' : 'failed';
  return result.status >= 200 && result.status < 300 ? 'ok' : 'failed';
}

/**
 * Keeps attempts from being spent on a receiver that fails all of them.
 *
 *   closed --10 failures in a row--> open --probe time, one attempt--> half open
 *     ^                               ^  `<--failed, neutral-------------'  |
 *     `-------------------------------+--------------ok---------------------'
 *
 * What began before the breaker last opened or closed and ends later can only
 * close it: its success is news of the receiver, its failure is not. Whoever
 * begins an attempt without asking (a person's test, say) leaves the breaker
 * open unless it succeeds.
 *
 * `now` is milliseconds since 1970, `random` from 0 up to 1, everywhere.
 */
export class Breaker {
  private failures = 0;
  private era = 0;
  private open: Omit<BreakerSnapshot, 'failures'> | undefined;
  private probe: Pass | undefined;

  /** An open breaker stays open. A probe that was under way counts as never made. */
  static restore(snapshot: BreakerSnapshot): Breaker {
    const breaker = new Breaker();
    const { failures, ...open } = snapshot;
    breaker.failures = failures;
    breaker.open = open;
    return breaker;
  }

  /** Whether an attempt may begin, and whether it would be the probe. */
  allows(now: number): 'yes' | 'probe' | 'no' {
    if (!this.open) return 'yes';
    return !this.probe && now >= this.open.next_probe_at ? 'probe' : 'no';
  }

  /** An attempt begins. While the breaker is open it is the probe when one is due. */
  began(now: number): Pass {
    const pass = { probe: this.allows(now) === 'probe', era: this.era };
    if (pass.probe) this.probe = pass;
    return pass;
  }

  /**
   * An attempt has ended.
   * @returns what became of the breaker; undefined when it is as it was
   */
  ended(pass: Pass, sign: BreakerSign, now: number, random: number): BreakerTurn | undefined {
    if (sign === 'ok') return this.succeeded();
    if (this.open) return pass === this.probe ? this.postpone(this.open, sign, now, random) : undefined;
    if (sign === 'neutral' || pass.era !== this.era) return undefined;
    this.failures++;
    return this.failures < FAILURES_TO_OPEN ? undefined : this.trip(now, random);
  }

  /** When the next probe may begin; undefined unless it is open and none is under way. */
  get nextProbeAt(): number | undefined {
    return this.probe ? undefined : this.open?.next_probe_at;
  }

  view(): BreakerView {
    const state = this.probe ? 'half_open' : this.open ? 'open' : 'closed';
    const { opened_at = null, next_probe_at = null } = this.open ?? {};
    return { state, failures: this.failures, opened_at, next_probe_at };
  }

  /** What `restore` goes on with; undefined when it is closed, and there is nothing to keep. */
  snapshot(): BreakerSnapshot | undefined {
    return this.open && { failures: this.failures, ...this.open };
  }

  private succeeded(): BreakerTurn | undefined {
    this.failures = 0;
    if (!this.open) return undefined;
    this.open = this.probe = undefined;
    this.era++;
    return 'closed';
  }

  private trip(now: number, random: number): BreakerTurn {
    this.open = { opened_at: now, next_probe_at: now + probeWaitMs(0, random), failed_probes: 0 };
    this.era++;
    return 'opened';
  }

  private postpone(
    open: Omit<BreakerSnapshot, 'failures'>,
    sign: BreakerSign,
    now: number,
    random: number,
  ): BreakerTurn {
    this.probe = undefined;
    if (sign === 'failed') {
      this.failures++;
      open.failed_probes++;
    }
    open.next_probe_at = now + probeWaitMs(open.failed_probes, random);
    return 'postponed';
  }
}

function probeWaitMs(failedProbes: number, random: number): number {
  const wait = Math.min(FIRST_PROBE_MS * 2 ** failedProbes, LONGEST_PROBE_MS);
  return Math.round(wait * (1 - PROBE_JITTER * random));
}
