import { jest } from '@jest/globals';
import { createLogger } from './logger.js';
import { reportTo } from './report.js';

const WEBHOOK = 'wh_01jd6p9k4q8w5n2m7x0v3c1b6z';

function reporting() {
  const lines: string[] = [];
  const report = reportTo(createLogger('info', 'spec', { write: (line) => lines.push(line) }));
  return { report, lines: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('problems that are reported', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('are warnings with what went wrong, and with the ids that they name', () => {
    const { report, lines } = reporting();
    report(`the lane of ${WEBHOOK} could not be opened`, new Error('no answer'));
    expect(lines()).toEqual([
      expect.objectContaining({
        level: 40,
        webhook: WEBHOOK,
        msg: `the lane of ${WEBHOOK} could not be opened`,
        err: expect.objectContaining({ message: 'no answer' }) as unknown,
      }),
    ]);
  });

  it('that come again and again are a line in ten seconds, with how often they came', () => {
    const { report, lines } = reporting();
    for (let i = 0; i < 100; i++) report('pulling failed', new Error('gone'));
    report('another one', new Error('gone'));
    expect(lines().map(({ msg }) => msg)).toEqual(['pulling failed', 'another one']);
    jest.advanceTimersByTime(10_001);
    report('pulling failed', new Error('gone'));
    expect(lines().slice(2)).toEqual([expect.objectContaining({ msg: 'pulling failed', repeated: 99 })]);
    jest.advanceTimersByTime(10_001);
    report('pulling failed', new Error('gone'));
    expect(lines().at(-1)).not.toHaveProperty('repeated');
  });
});
