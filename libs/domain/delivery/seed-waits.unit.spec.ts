import { DEFAULT_RETRY, retryDelayMs, type RetryPolicy } from './retry-policy.js';

interface SeedSystem {
  name: string;
  /** What its documents say of its waits. */
  says: string;
  /** Its waits as settings of ours. */
  settings: Partial<RetryPolicy>;
  /** In seconds, one for each retry after the first attempt. */
  waits: number[];
}

/** The five systems whose webhooks Tidings is to carry: what each waits, we can be set to wait. */
const SEEDS: SeedSystem[] = [
  {
    name: 'rag-chatbot',
    says: 'retry_count 3; the retries wait 1, 2 and 4 seconds, 30 at most',
    settings: { count: 3, max_delay_seconds: 30 },
    waits: [1, 2, 4],
  },
  {
    name: 'rag-chatbot, its largest retry_count',
    says: 'retry_count 0 to 10; 30 seconds at most',
    settings: { count: 10, max_delay_seconds: 30 },
    waits: [1, 2, 4, 8, 16, 30, 30, 30, 30, 30],
  },
  {
    name: 'rag-chatbot, retry_enabled false',
    says: 'retry_enabled switches retries off',
    settings: { enabled: false, count: 3 },
    waits: [],
  },
  {
    name: 'systemprompt-os',
    says: 'three attempts, exponential: the delay doubles; the first is 1 second, 60 at most',
    settings: { count: 2, max_delay_seconds: 60 },
    waits: [1, 2],
  },
  {
    name: 'systemprompt-os, linear',
    says: 'the delay grows linearly',
    settings: { count: 2, strategy: 'linear' },
    waits: [1, 2],
  },
  {
    name: 'systemprompt-os, fixed',
    says: 'the same delay between retries',
    settings: { count: 2, strategy: 'fixed' },
    waits: [1, 1],
  },
  {
    name: 'taskflow',
    says: 'retry_count 3; attempts 2, 3 and 4 come after 2, 4 and 8 seconds',
    settings: { count: 3, initial_delay_seconds: 2 },
    waits: [2, 4, 8],
  },
  {
    name: 'taskflow, its largest retry_count',
    says: 'retry_count 0 to 10; 60 seconds at most',
    settings: { count: 10, initial_delay_seconds: 2, max_delay_seconds: 60 },
    waits: [2, 4, 8, 16, 32, 60, 60, 60, 60, 60],
  },
  {
    name: 'nexus',
    says: 'five attempts; the first retry after 60 seconds, by factor 2: 60, 120, 240, 480',
    settings: { count: 4, initial_delay_seconds: 60, factor: 2, max_delay_seconds: 3600 },
    waits: [60, 120, 240, 480],
  },
  {
    name: 'notely',
    says: 'retry_count 3; 2, 4 and 8 seconds',
    settings: { count: 3, initial_delay_seconds: 2 },
    waits: [2, 4, 8],
  },
];

describe('the waits of the five systems', () => {
  it.each(SEEDS)('$name: $says', ({ settings, waits }) => {
    const policy = { ...DEFAULT_RETRY, jitter: 0, ...settings };
    const ours = waits.map((_wait, i) => retryDelayMs(policy, i + 1, 0.5));
    expect(ours).toEqual(waits.map((wait) => wait * 1000));
    expect(retryDelayMs(policy, waits.length + 1, 0.5)).toBeUndefined();
  });

  it.each(SEEDS)('$name: a schedule that is written out gives them too', ({ waits }) => {
    const policy: RetryPolicy = {
      ...DEFAULT_RETRY,
      jitter: 0,
      strategy: 'schedule',
      count: waits.length,
      schedule_seconds: waits,
    };
    expect(waits.map((_wait, i) => retryDelayMs(policy, i + 1, 0.5))).toEqual(
      waits.map((wait) => wait * 1000),
    );
  });
});
