import fc from 'fast-check';
import {
  Breaker,
  breakerSign,
  FAILURES_TO_OPEN,
  FIRST_PROBE_MS,
  LONGEST_PROBE_MS,
  PROBE_JITTER,
  type BreakerSign,
  type BreakerSnapshot,
  type Pass,
} from './breaker.js';

const T = 1_795_000_000_000;
/** The longest wait, for the jitter only shortens it. */
const PLAIN = 0;

function attempts(breaker: Breaker, sign: BreakerSign, count: number, now = T) {
  return Array.from({ length: count }, () => breaker.ended(breaker.began(now), sign, now, PLAIN));
}

function opened(now = T): Breaker {
  const breaker = new Breaker();
  attempts(breaker, 'failed', FAILURES_TO_OPEN, now);
  return breaker;
}

describe('a breaker', () => {
  it('opens at the tenth failure in a row, not before', () => {
    const breaker = new Breaker();
    const turns = attempts(breaker, 'failed', FAILURES_TO_OPEN);
    expect(turns).toEqual([...Array<undefined>(9).fill(undefined), 'opened']);
    expect(breaker.allows(T)).toBe('no');
    expect(breaker.view()).toEqual({
      state: 'open',
      failures: 10,
      opened_at: T,
      next_probe_at: T + FIRST_PROBE_MS,
    });
  });

  it('begins to count again after a success', () => {
    const breaker = new Breaker();
    attempts(breaker, 'failed', 9);
    attempts(breaker, 'ok', 1);
    attempts(breaker, 'failed', 9);
    expect(breaker.view()).toMatchObject({ state: 'closed', failures: 9 });
  });

  it('does not count what says nothing about the receiver', () => {
    const breaker = new Breaker();
    attempts(breaker, 'failed', 9);
    attempts(breaker, 'neutral', 50);
    expect(breaker.view()).toMatchObject({ state: 'closed', failures: 9 });
  });

  it('lets exactly one attempt through when a probe is due', () => {
    const breaker = opened();
    const due = T + FIRST_PROBE_MS;
    expect(breaker.nextProbeAt).toBe(due);
    expect(breaker.allows(due - 1)).toBe('no');
    expect(breaker.allows(due)).toBe('probe');
    expect(breaker.began(due).probe).toBe(true);
    expect(breaker.allows(due + 60_000)).toBe('no');
    expect(breaker.nextProbeAt).toBeUndefined();
    expect(breaker.view().state).toBe('half_open');
  });

  it('closes when its probe succeeds, as if it had never been open', () => {
    const breaker = opened();
    const due = T + FIRST_PROBE_MS;
    expect(breaker.ended(breaker.began(due), 'ok', due, PLAIN)).toBe('closed');
    expect(breaker.view()).toEqual({ state: 'closed', failures: 0, opened_at: null, next_probe_at: null });
    expect(breaker.snapshot()).toBeUndefined();
  });

  it('waits twice as long after each failed probe, ten minutes at most', () => {
    const breaker = opened();
    const waits = Array.from({ length: 7 }, () => {
      const at = breaker.nextProbeAt!;
      expect(breaker.ended(breaker.began(at), 'failed', at, PLAIN)).toBe('postponed');
      return (breaker.nextProbeAt! - at) / 1000;
    });
    expect(waits).toEqual([60, 120, 240, 480, 600, 600, 600]);
    expect(breaker.view()).toMatchObject({ state: 'open', opened_at: T, failures: 17 });
  });

  it('waits as long as before after a probe that said nothing', () => {
    const breaker = opened();
    const at = breaker.nextProbeAt!;
    expect(breaker.ended(breaker.began(at), 'neutral', at, PLAIN)).toBe('postponed');
    expect(breaker.nextProbeAt).toBe(at + FIRST_PROBE_MS);
    expect(breaker.view().failures).toBe(10);
  });

  it('does not heed failures of attempts that began before it opened', () => {
    const breaker = new Breaker();
    const early = Array.from({ length: 30 }, () => breaker.began(T));
    const turns = early.map((pass) => breaker.ended(pass, 'failed', T + 1000, PLAIN));
    expect(turns.filter(Boolean)).toEqual(['opened']);
    expect(breaker.view()).toMatchObject({ failures: 10, next_probe_at: T + 1000 + FIRST_PROBE_MS });
  });

  it('does not open again by failures of attempts that began before it closed', () => {
    const breaker = new Breaker();
    const early = Array.from({ length: 30 }, () => breaker.began(T));
    attempts(breaker, 'failed', FAILURES_TO_OPEN);
    const due = breaker.nextProbeAt!;
    breaker.ended(breaker.began(due), 'ok', due, PLAIN);
    for (const pass of early) expect(breaker.ended(pass, 'failed', due, PLAIN)).toBeUndefined();
    expect(breaker.view()).toMatchObject({ state: 'closed', failures: 0 });
  });

  it('closes by the success of an attempt that began before it opened', () => {
    const breaker = new Breaker();
    const early = breaker.began(T);
    attempts(breaker, 'failed', FAILURES_TO_OPEN);
    const probe = breaker.began(breaker.nextProbeAt!);
    expect(breaker.ended(early, 'ok', T + 40_000, PLAIN)).toBe('closed');
    expect(breaker.ended(probe, 'failed', T + 41_000, PLAIN)).toBeUndefined();
    expect(breaker.view().state).toBe('closed');
  });

  it('takes no attempt that nobody asked it about for a probe', () => {
    const breaker = opened();
    const unasked = breaker.began(T + 1);
    expect(unasked.probe).toBe(false);
    expect(breaker.ended(unasked, 'failed', T + 2, PLAIN)).toBeUndefined();
    expect(breaker.nextProbeAt).toBe(T + FIRST_PROBE_MS);
  });

  it('stays open in another process, and probes again when one was under way', () => {
    const breaker = opened();
    const due = breaker.nextProbeAt!;
    breaker.ended(breaker.began(due), 'failed', due, PLAIN);
    breaker.began(breaker.nextProbeAt!);
    const read = JSON.parse(JSON.stringify(breaker.snapshot())) as BreakerSnapshot;
    const next = Breaker.restore(read);
    expect(next.view()).toEqual({ ...breaker.view(), state: 'open' });
    expect(next.allows(due)).toBe('no');
    const at = next.nextProbeAt!;
    expect(next.allows(at)).toBe('probe');
    next.ended(next.began(at), 'failed', at, PLAIN);
    expect(next.nextProbeAt).toBe(at + 4 * FIRST_PROBE_MS);
  });
});

describe('the sign of an attempt', () => {
  it.each<[string, Parameters<typeof breakerSign>[0], BreakerSign]>([
    ['200', { status: 200 }, 'ok'],
    ['299', { status: 299 }, 'ok'],
    ['302', { status: 302 }, 'failed'],
    ['410', { status: 410 }, 'failed'],
    ['500', { status: 500 }, 'failed'],
    ['a timeout', { kind: 'timeout' }, 'failed'],
    ['an answer that is none', { kind: 'invalid_response' }, 'failed'],
    ['an address that we refuse', { kind: 'blocked_address' }, 'neutral'],
    ['a token endpoint that gives none', { kind: 'auth' }, 'failed'],
    ['a fault of ours', { kind: 'internal' }, 'neutral'],
  ])('of %s', (_title, result, sign) => {
    expect(breakerSign(result)).toBe(sign);
  });
});

describe('for any attempts at any times', () => {
  const steps = fc.array(
    fc.record({
      waitMs: fc.oneof(fc.constant(0), fc.nat(2000), fc.nat(2 * LONGEST_PROBE_MS)),
      what: fc.constantFrom('begin', 'end', 'end', 'fail some', 'restore'),
      which: fc.nat(),
      sign: fc.constantFrom<BreakerSign>('ok', 'failed', 'failed', 'failed', 'neutral'),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    }),
    { maxLength: 100 },
  );

  it('nothing is let through between opening and probe time, and never two probes at once', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let breaker = new Breaker();
        let now = T;
        let underWay: Pass[] = [];
        let inARow = 0;
        const end = (pass: Pass, sign: BreakerSign, random: number) => {
          const before = breaker.view();
          const turn = breaker.ended(pass, sign, now, random);
          const after = breaker.view();
          if (sign === 'ok') inARow = 0;
          else if (sign === 'failed') inARow++;
          if (turn === 'opened') expect(inARow).toBeGreaterThanOrEqual(FAILURES_TO_OPEN);
          if (sign === 'ok') expect(after).toMatchObject({ state: 'closed', failures: 0 });
          else if (before.state !== 'closed') expect(after.state).not.toBe('closed');
          if (turn === 'opened' || turn === 'postponed') {
            const wait = after.next_probe_at! - now;
            expect(wait).toBeGreaterThanOrEqual(FIRST_PROBE_MS * (1 - PROBE_JITTER));
            expect(wait).toBeLessThanOrEqual(LONGEST_PROBE_MS);
          } else if (!turn) expect(after.next_probe_at).toBe(before.next_probe_at);
        };
        for (const { waitMs, what, which, sign, random } of all) {
          now += waitMs;
          if (what === 'begin' && breaker.allows(now) !== 'no') {
            const { state, next_probe_at } = breaker.view();
            expect(state).not.toBe('half_open');
            if (state === 'open') expect(now).toBeGreaterThanOrEqual(next_probe_at!);
            const pass = breaker.began(now);
            expect(pass.probe).toBe(state === 'open');
            underWay.push(pass);
          } else if (what === 'end' && underWay.length > 0) {
            end(...([underWay.splice(which % underWay.length, 1)[0]!, sign, random] as const));
          } else if (what === 'fail some') {
            for (let i = 0; i <= which % FAILURES_TO_OPEN && breaker.allows(now) === 'yes'; i++)
              end(breaker.began(now), 'failed', random);
          } else if (what === 'restore') {
            const snapshot = breaker.snapshot();
            breaker = snapshot ? Breaker.restore(snapshot) : new Breaker();
            if (!snapshot) inARow = 0;
            underWay = [];
          }
          expect(breaker.view().state === 'closed').toBe(breaker.allows(now) === 'yes');
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('an open breaker always comes to a probe', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { maxLength: 20 }), (randoms) => {
        const breaker = opened();
        for (const random of randoms) {
          const at = breaker.nextProbeAt!;
          expect(breaker.allows(at)).toBe('probe');
          breaker.ended(breaker.began(at), 'failed', at, random);
        }
        expect(breaker.nextProbeAt).toBeLessThanOrEqual(T + (randoms.length + 1) * LONGEST_PROBE_MS);
      }),
    );
  });
});
