import { LONG_CIRCUIT_MS, mailDueAt, pauseAfterFailure, type ToBeTold } from './mail-plan.js';

const PACE = { gatherMs: 60_000, quietMs: 3_600_000 };
const EXHAUSTED = 'tidings.delivery.exhausted';
const OPENED = 'tidings.circuit.opened';
const at = (type: string, noted_at: number) => ({ type, noted_at });

describe('a mail to the contacts of a tenant', () => {
  it.each<[string, Partial<ToBeTold>, number | null]>([
    ['is none while there is nothing to tell', {}, null],
    ['is due a minute after the first notice', { notices: [at(EXHAUSTED, 1_000)] }, 61_000],
    [
      'is no later for what follows',
      { notices: [at(EXHAUSTED, 1_000), at('tidings.webhook.disabled', 59_000)] },
      61_000,
    ],
    [
      'waits for ten minutes where a circuit opened',
      { notices: [at(OPENED, 1_000)] },
      1_000 + LONG_CIRCUIT_MS,
    ],
    [
      'does not, where there is something else',
      { notices: [at(OPENED, 1_000), at(EXHAUSTED, 5_000)] },
      65_000,
    ],
    [
      'waits for an hour after the last',
      { notices: [at(EXHAUSTED, 20_000)], last_mail_at: 10_000 },
      3_610_000,
    ],
    [
      'gathers first when the hour is over',
      { notices: [at(EXHAUSTED, 3_600_000)], last_mail_at: 10_000 },
      3_660_000,
    ],
    [
      'after a long quiet time is as the first',
      { notices: [at(EXHAUSTED, 9e9)], last_mail_at: 10_000 },
      9e9 + 60_000,
    ],
    [
      'is not written while the last is still to be sent',
      { notices: [at(EXHAUSTED, 1)], unsent: true },
      null,
    ],
  ])('%s', (_title, known, due) => {
    expect(mailDueAt({ notices: [], last_mail_at: null, unsent: false, ...known }, PACE)).toBe(due);
  });

  it('that cannot be sent is tried again after pauses that grow to an hour', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((tries) => pauseAfterFailure(tries, false));
    expect(pauses.map((pause) => (pause ?? 0) / 1_000)).toEqual([
      30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600,
    ]);
  });

  it('that the server refuses is given up at the fifth time', () => {
    expect([0, 3, 4].map((tries) => pauseAfterFailure(tries, true))).toEqual([30_000, 240_000, null]);
  });
});
