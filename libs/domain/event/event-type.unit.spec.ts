import { isEventType, isEventTypePattern, matchesEventType, patternsThatMatch } from './event-type.js';

describe('event type patterns', () => {
  it.each([
    ['task.completed', 'task.completed', true],
    ['task.completed', 'task.created', false],
    ['task.*', 'task.completed', true],
    ['task.*', 'task', false],
    ['task.*', 'task.item.completed', false],
    ['*.completed', 'task.completed', true],
    ['task.*.done', 'task.item.done', true],
    ['order.>', 'order.line.added', true],
    ['order.>', 'order.created', true],
    ['order.>', 'order', false],
    ['*', 'anything.at.all', true],
    ['task_created', 'task_created', true],
    ['task_created', 'task.created', false],
    ['*', 'tidings.webhook.disabled', false],
    ['>', 'tidings.webhook.disabled', false],
    ['*.webhook.disabled', 'tidings.webhook.disabled', false],
    ['*.>', 'tidings.webhook.disabled', false],
    ['tidings.>', 'tidings.webhook.disabled', true],
    ['tidings.webhook.*', 'tidings.webhook.disabled', true],
    ['tidings.*.disabled', 'tidings.webhook.disabled', true],
    ['tidings.webhook.disabled', 'tidings.webhook.disabled', true],
    ['*', 'tidings', true],
    ['*', 'tidingsx.webhook.disabled', true],
  ])('%s given %s: %s', (pattern, type, expected) => {
    expect(matchesEventType(pattern, type)).toBe(expected);
  });

  it.each(['*', '>', 'a.*', 'a.>', 'a.*.b', 'task_created'])('%s is a pattern', (text) => {
    expect(isEventTypePattern(text)).toBe(true);
  });

  it.each(['', 'a..b', '.a', 'a.', 'a.>.b', 'a b', 'a*', 'ä', 'a'.repeat(201)])('%j is none', (text) => {
    expect(isEventTypePattern(text)).toBe(false);
  });

  it('event types hold no wildcards', () => {
    expect(isEventType('a.*')).toBe(false);
    expect(isEventType('a.b-c_d')).toBe(true);
  });

  it.each(['a', 'a.b', 'a.b.a', 'b.b.b.b', 'tidings', 'tidings.a', 'tidings.a.b'])(
    'all that match %s can be listed',
    (type) => {
      const longer = (patterns: string[]) =>
        patterns.flatMap((pattern) =>
          ['a', 'b', 'tidings', '*', '>'].map((segment) => `${pattern}.${segment}`),
        );
      let all = ['a', 'b', 'tidings', '*', '>'];
      for (let segments = 1; segments < 5; segments++) all = [...new Set([...all, ...longer(all)])];
      const matching = all.filter(
        (pattern) => isEventTypePattern(pattern) && matchesEventType(pattern, type),
      );
      expect(patternsThatMatch(type).sort()).toEqual(matching.sort());
    },
  );
});
