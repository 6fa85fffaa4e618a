import type { Member } from '#bus';
import { Roster } from './roster.js';

const FORGOTTEN_AFTER_MS = 8_000;

function rosterAt() {
  let ms = 0;
  const roster = new Roster(FORGOTTEN_AFTER_MS, () => ({ steady: ms, wall: ms }));
  return { roster, pass: (by: number) => (ms += by) };
}

function member(id: string, revision: number, change: Partial<Member> = {}): Member {
  return { id, revision, announcement: { making: 'm', leaving: false }, at: 0, ...change };
}

const goodbye = (id: string) => member(id, 99, { announcement: undefined });

describe('a member counts as living', () => {
  it('while it is announced', () => {
    const { roster, pass } = rosterAt();
    roster.update([member('a', 1)]);
    pass(60_000);
    expect([...roster.living]).toEqual(['a']);
  });

  it('for as long as the server would remember it, when the server forgot it too early', () => {
    const { roster, pass } = rosterAt();
    roster.update([member('a', 1)]);
    roster.update([member('a', 2)]);
    pass(FORGOTTEN_AFTER_MS - 1);
    roster.update([]);
    expect([...roster.living]).toEqual(['a']);
    expect(roster.announced.size).toBe(0);
    pass(1);
    expect(roster.living.size).toBe(0);
  });

  it('for the whole time again after we were cut off', () => {
    const { roster, pass } = rosterAt();
    roster.update([member('a', 1)]);
    pass(60_000);
    roster.wait();
    roster.update([]);
    pass(FORGOTTEN_AFTER_MS - 1);
    expect([...roster.living]).toEqual(['a']);
  });
});

describe('a member counts as dead', () => {
  it('when it said goodbye', () => {
    const { roster } = rosterAt();
    roster.update([member('a', 1)]);
    roster.update([member('a', 2)]);
    roster.update([goodbye('a')]);
    expect(roster.living.size).toBe(0);
  });

  it('at once when it is forgotten and we never saw it announce itself anew', () => {
    const { roster } = rosterAt();
    roster.update([member('a', 1)]);
    roster.update([]);
    expect(roster.living.size).toBe(0);
  });
});
