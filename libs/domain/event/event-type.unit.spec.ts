import { isEventType, isEventTypePattern, matchesEventType } from './event-type.js';

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
});
