import type { Fault } from '#domain';
import type { TallySpan } from '#persistence';

/** A length of time as people write it, `90m`, and in milliseconds. */
export interface Length {
  text: string;
  ms: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const UNITS = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

export const LONGEST_WINDOW: Length = { text: '90d', ms: 90 * DAY_MS };
/** For so long minutes are kept, at least (libs/persistence/statistics/kept-minutes.ts). */
const MINUTES_WITHIN: Length = { text: '48h', ms: 2 * DAY_MS };

/** What a length of time looks like. */
export const LENGTH = /^[1-9]\d{0,5}[mhd]$/;

/** @param text that looks like one */
export function readLength(text: string): Length {
  const unit = UNITS[text.at(-1) as keyof typeof UNITS];
  return { text, ms: parseInt(text, 10) * unit };
}

/**
 * What is read for a window that ends now. It begins at the whole minute before
 * it, or, where minutes are not there, at the whole hour.
 * @param now milliseconds since 1970
 * @param hasMinutes whether what is asked for is counted by the minute at all
 */
export function windowSpan(window: Length, now: number, hasMinutes: boolean): TallySpan {
  const grain = hasMinutes && window.ms <= MINUTES_WITHIN.ms ? MINUTE_MS : HOUR_MS;
  const since = floor(now - window.ms, grain);
  return { since, hoursFrom: Math.ceil(since / HOUR_MS) * HOUR_MS, until: now };
}

/** The steps of a window, the first one whole, the last one still under way. */
export interface Steps {
  step: Length;
  /** When each begins, milliseconds since 1970. */
  starts: number[];
  span: TallySpan;
}

/**
 * The steps that a window is made of: whole ones in UTC, so that a day is a
 * day. There are 2,881 at most, which is two days of minutes.
 * @param step a fitting one when left out
 */
export function stepsOf(
  window: Length,
  step: Length | undefined,
  now: number,
  hasMinutes: boolean,
): Steps | Fault {
  const chosen = step ?? fittingStep(window, hasMinutes);
  const message = stepFault(window, chosen, hasMinutes);
  if (message !== undefined) return { path: 'step', message };
  const since = floor(now - window.ms, chosen.ms);
  const starts = Array.from(
    { length: Math.max(1, Math.ceil((now - since) / chosen.ms)) },
    (_, i) => since + i * chosen.ms,
  );
  const span = { since, hoursFrom: chosen.ms < HOUR_MS ? now : since, until: now };
  return { step: chosen, starts, span };
}

function fittingStep(window: Length, hasMinutes: boolean): Length {
  if (hasMinutes && window.ms <= 3 * HOUR_MS) return { text: '1m', ms: MINUTE_MS };
  return window.ms <= 7 * DAY_MS ? { text: '1h', ms: HOUR_MS } : { text: '1d', ms: DAY_MS };
}

function stepFault(window: Length, step: Length, hasMinutes: boolean): string | undefined {
  const { ms, text } = step;
  const isWhole = ms < HOUR_MS ? HOUR_MS % ms === 0 : ms % HOUR_MS === 0 && DAY_MS % ms === 0;
  if (!isWhole) return `must be minutes that divide an hour, hours that divide a day, or 1d, but is ${text}`;
  if (ms < HOUR_MS && !hasMinutes)
    return `must be 1h at least where an event type is named, which is counted by the hour, but is ${text}`;
  if (ms < HOUR_MS && window.ms > MINUTES_WITHIN.ms)
    return `must be 1h at least for a window of more than ${MINUTES_WITHIN.text}, but is ${text}`;
  return undefined;
}

function floor(at: number, grain: number): number {
  return Math.floor(at / grain) * grain;
}
