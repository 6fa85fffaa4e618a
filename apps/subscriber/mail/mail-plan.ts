/** How mails to one tenant follow each other, in milliseconds. */
export interface MailPace {
  /** From the first notice to the mail, so that what belongs together is in one. */
  gatherMs: number;
  /** From one mail to the next. */
  quietMs: number;
}

/** For how long a circuit must be open before that is worth a mail. */
export const LONG_CIRCUIT_MS = 10 * 60_000;

/** What is known of a tenant; times are milliseconds since 1970. */
export interface ToBeTold {
  /** When the first notice of each type came in. */
  notices: readonly { type: string; noted_at: number }[];
  last_mail_at: number | null;
  /** The last mail is still to be sent. */
  unsent: boolean;
}

/**
 * When the next mail to a tenant is to be written, with all that came by then:
 *
 *   quiet --a notice--> gathering --its time is over--> mail --> quiet for an hour --> quiet
 *
 * What comes while it is quiet waits for the end of that. A circuit that opened begins no gathering before it has
 * been open for long, though a mail that is due for something else has it too.
 * @returns milliseconds since 1970; null when there is nothing to tell, or a mail still to send
 */
export function mailDueAt({ notices, last_mail_at, unsent }: ToBeTold, pace: MailPace): number | null {
  if (unsent || notices.length === 0) return null;
  const ripe = Math.min(
    ...notices.map(
      ({ type, noted_at }) =>
        noted_at + (type === 'tidings.circuit.opened' ? LONG_CIRCUIT_MS : pace.gatherMs),
    ),
  );
  return last_mail_at === null ? ripe : Math.max(ripe, last_mail_at + pace.quietMs);
}

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 60 * 60_000;
const REFUSALS = 5;

/**
 * What is done with a mail that could not be sent: it is tried again after pauses that grow to an hour, for as long
 * as it takes; given up only when the server has refused it (5xx) time and again.
 * @param tries how often it was tried before
 * @returns the pause in milliseconds; null to give it up
 */
export function pauseAfterFailure(tries: number, refused: boolean): number | null {
  if (refused && tries + 1 >= REFUSALS) return null;
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 20), LONGEST_PAUSE_MS);
}
