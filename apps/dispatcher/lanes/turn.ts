import type { AttemptErrorKind } from '#domain';

/** Why a delivery waits in its webhook's lane; the record shows it. */
export type Wait =
  | 'webhook_paused'
  | 'ownership_pending'
  | 'webhook_refused'
  | 'circuit_open'
  | 'rate_limited'
  | 'webhook_busy';

/** What an attempt brought, as far as it says something about its receiver. */
export type TurnResult = { status: number } | { kind: AttemptErrorKind };

/** A webhook's leave to make one attempt. */
export interface Turn {
  /** @param listener told when the attempt has taken a second, if it does */
  onSlow: (listener: () => void) => void;
  /**
   * To be called once, when the attempt is over; without a result when it was not made.
   * @param refused whether the receiver wants nothing more
   */
  end: (result?: TurnResult, refused?: boolean) => void;
}
