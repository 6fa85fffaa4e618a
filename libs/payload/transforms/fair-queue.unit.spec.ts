import { FairQueue, QUEUE_LIMITS } from './fair-queue.js';

const both = ['quick', 'slow'] as const;

function queueOf(...waiting: [webhook: string, runs: number][]): FairQueue<string> {
  const queue = new FairQueue<string>(2);
  for (const [webhook, runs] of waiting)
    for (let i = 1; i <= runs; i++) expect(queue.add(webhook, `${webhook}${i}`, 10)).toBeUndefined();
  return queue;
}

function order(queue: FairQueue<string>, ms = 1): string[] {
  const taken: string[] = [];
  for (let next = queue.next(both); next; next = queue.next(both)) {
    taken.push(next.value);
    queue.done(next.webhook, ms);
  }
  return taken;
}

describe('runs of transforms that wait', () => {
  it('go round among webhooks, and in order within one', () => {
    expect(order(queueOf(['a', 3], ['b', 2], ['c', 1]))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('are of those webhooks first of which nothing runs, and of one no more at once than is allowed', () => {
    const queue = queueOf(['a', 3], ['b', 1]);
    expect([queue.next(both)?.value, queue.next(both)?.value]).toEqual(['a1', 'b1']);
    expect(queue.next(both)?.value).toBe('a2');
    queue.add('c', 'c1', 1);
    expect(queue.next(both)?.value).toBe('c1');
    expect(queue.next(both)).toBeUndefined();
    queue.done('a', 1);
    expect(queue.next(both)?.value).toBe('a3');
  });

  it('are slow after a run that took long, and are then not handed to places for quick ones', () => {
    const queue = queueOf(['a', 1]);
    queue.next(['quick']);
    queue.done('a', 26);
    queue.add('a', 'a2', 1);
    expect(queue.next(['quick'])).toBeUndefined();
    queue.add('b', 'b1', 1);
    expect(queue.next(['quick'])?.value).toBe('b1');
    expect(queue.next(['slow', 'quick'])?.value).toBe('a2');
  });

  it('are quick again after eight quick runs in a row, and after twice as many the next time', () => {
    const queue = new FairQueue<string>(1);
    const runs = (times: number, ms: number) => {
      for (let i = 0; i < times; i++) {
        queue.add('a', 'run', 1);
        queue.next(both);
        queue.done('a', ms);
      }
    };
    const isQuick = () => {
      queue.add('a', 'run', 1);
      const quick = queue.next(['quick']) !== undefined;
      if (!quick) queue.next(both);
      queue.done('a', 1);
      return quick;
    };
    runs(1, 500);
    runs(7, 1);
    expect([isQuick(), isQuick()]).toEqual([false, true]);
    runs(1, 500);
    runs(15, 1);
    expect([isQuick(), isQuick()]).toEqual([false, true]);
  });

  it('leave a webhook slow when they did not take place', () => {
    const queue = queueOf(['a', 12]);
    for (const ms of [26, ...Array.from({ length: 10 }, () => undefined)]) {
      queue.next(both);
      queue.done('a', ms);
    }
    expect(queue.next(['quick'])).toBeUndefined();
  });

  it('are refused when too many of one webhook wait, and others are not', () => {
    const queue = queueOf(['a', QUEUE_LIMITS.webhook]);
    expect(queue.add('a', 'one more', 1)).toBe("256 runs of this webhook's transform wait already");
    expect(queue.add('b', 'b1', 1)).toBeUndefined();
  });

  it('are refused when all that wait are too many, or hold too much', () => {
    const many = queueOf(...Array.from({ length: 16 }, (_, i): [string, number] => [`w${i}`, 256]));
    expect(many.add('b', 'b1', 1)).toBe('4096 runs of transforms wait already');
    const large = queueOf(['a', 1]);
    expect(large.add('b', 'b1', QUEUE_LIMITS.bytes)).toMatch(/hold 134217728 bytes already/);
    expect(large.add('b', 'b1', 1_000)).toBeUndefined();
    expect(large.drain()).toEqual(['a1', 'b1']);
    expect(large.add('b', 'b1', QUEUE_LIMITS.bytes)).toBeUndefined();
  });
});
