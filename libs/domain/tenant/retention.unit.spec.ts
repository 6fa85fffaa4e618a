import {
  DEFAULT_RETENTION_DAYS,
  goesAt,
  isOver,
  keptSince,
  retentionDays,
  retentionsOf,
  streamAges,
} from './retention.js';

const at = (text: string) => Date.parse(text);

describe('the record of a tenant', () => {
  it.each([
    [1, '2026-03-01T00:00:00.000Z', '2026-02-28T00:00:00.000Z'],
    [1, '2026-03-01T23:59:59.999Z', '2026-02-28T00:00:00.000Z'],
    [30, '2026-11-23T07:00:00.000Z', '2026-10-24T00:00:00.000Z'],
    [3_650, '2026-11-23T07:00:00.000Z', '2016-11-25T00:00:00.000Z'],
  ])('of %s days is kept, at %s, since %s', (days, now, since) => {
    expect(new Date(keptSince(days, at(now))).toISOString()).toBe(since);
  });

  it('loses a day at the midnight after which it is older than its days', () => {
    const day = at('2026-11-01T00:00:00Z');
    const goes = goesAt(day, 7);
    expect(keptSince(7, goes - 1)).toBe(day);
    expect(keptSince(7, goes)).toBeGreaterThan(day);
  });

  it('is kept for 30 days when the tenant says nothing', () => {
    expect([retentionDays(null), retentionDays(7)]).toEqual([DEFAULT_RETENTION_DAYS, 7]);
    expect(DEFAULT_RETENTION_DAYS).toBe(30);
  });
});

describe('of several tenants', () => {
  const retentions = retentionsOf([
    { id: 'short', retention_days: 7 },
    { id: 'plain', retention_days: null },
    { id: 'long', retention_days: 90 },
  ]);
  const now = at('2026-11-23T07:00:00Z');
  const daysAgo = (days: number) => keptSince(days, now);

  it('each has its own end', () => {
    expect(retentions.longest).toBe(90);
    expect(isOver(retentions, 'short', daysAgo(7), now)).toBe(false);
    expect(isOver(retentions, 'short', daysAgo(8), now)).toBe(true);
    expect(isOver(retentions, 'plain', daysAgo(30), now)).toBe(false);
    expect(isOver(retentions, 'plain', daysAgo(31), now)).toBe(true);
    expect(isOver(retentions, 'long', daysAgo(31), now)).toBe(false);
  });

  it('what a tenant left that is gone is kept for 30 days, or less where nobody keeps as much', () => {
    expect(isOver(retentions, 'gone', daysAgo(30), now)).toBe(false);
    expect(isOver(retentions, 'gone', daysAgo(31), now)).toBe(true);
    expect(retentionsOf([{ id: 'a', retention_days: 3 }])).toMatchObject({ longest: 3, others: 3 });
    expect(retentionsOf([])).toMatchObject({ longest: 30, others: 30 });
  });

  it('the streams hold what the longest record is made of, to the last hour of it', () => {
    const { events, journal } = streamAges(90, 720);
    expect(now - journal * 3_600_000).toBeLessThan(keptSince(90, now));
    expect(events).toBe(journal);
  });

  it('events stay for longer where deliveries of them may be owed for longer', () => {
    expect(streamAges(7, 720)).toEqual({ journal: 9 * 24, events: 31 * 24 });
  });
});
