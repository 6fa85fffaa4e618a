import { restartDelayMs } from './restart-delay.js';

describe('the wait before a program is started again', () => {
  it.each([
    [0, 0, 100],
    [100, 0, 200],
    [100, 9_999, 200],
    [3_200, 0, 5_000],
    [5_000, 0, 5_000],
    [5_000, 10_000, 100],
  ])('after a wait of %d ms and %d ms of service it is %d ms', (previous, served, expected) => {
    expect(restartDelayMs(previous, served)).toBe(expected);
  });
});
