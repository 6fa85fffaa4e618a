import type { WebhookCommand } from './decide-webhook.js';
import { created, deleted, given, later, paused } from './testing/webhook-story.js';
import {
  WebhookInvalid,
  WebhookNotFound,
  WebhookNotSubscribed,
  WebhookVersionConflict,
} from './webhook-errors.js';
import type { WebhookEvent } from './webhook-events.js';

describe('event types one by one', () => {
  const subscribe = (pattern: string, expectedVersion?: number): WebhookCommand => ({
    ...later,
    kind: 'subscribe',
    pattern,
    expectedVersion,
  });
  const unsubscribe = (pattern: string): WebhookCommand => ({ ...later, kind: 'unsubscribe', pattern });
  const both: WebhookEvent = {
    ...later,
    type: 'webhook.changed',
    data: { event_types: ['order.*', 'task.done'] },
  };

  it('given a webhook: another one is added behind those there are', () => {
    expect(given(created).when(subscribe('task.done'))()).toEqual([both]);
  });

  it('given one that lists it already: nothing changes', () => {
    expect(given(created).when(subscribe('order.*'))()).toEqual([]);
  });

  it('given two: one is taken away', () => {
    expect(given(created, both).when(unsubscribe('order.*'))()).toEqual([
      { ...later, type: 'webhook.changed', data: { event_types: ['task.done'] } },
    ]);
  });

  it('given the last one: it cannot be taken away', () => {
    expect(given(created).when(unsubscribe('order.*'))).toThrow(WebhookInvalid);
  });

  it('given others: what is not listed cannot be taken away', () => {
    expect(given(created).when(unsubscribe('task.done'))).toThrow(WebhookNotSubscribed);
  });

  it('given another version than expected, or none: refused', () => {
    expect(given(created, paused).when(subscribe('a', 1))).toThrow(WebhookVersionConflict);
    expect(given().when(subscribe('a'))).toThrow(WebhookNotFound);
    expect(given(created, deleted).when(unsubscribe('order.*'))).toThrow(WebhookNotFound);
  });
});

describe('rotating the signing secret', () => {
  const rotate = (at: number, overlapSeconds: number): WebhookCommand => ({
    ...later,
    at,
    kind: 'rotate_secret',
    secret: 'supplied',
    overlapSeconds,
  });
  const rotated = (at: number, number: number, previous_until: number): WebhookEvent => ({
    ...later,
    at,
    type: 'webhook.secret_rotated',
    data: { secret: { number, origin: 'supplied' }, previous_until },
  });

  it('given the first: the second is told by its number, with the end of the first', () => {
    expect(given(created).when(rotate(2_000, 60))()).toEqual([rotated(2_000, 2, 62_000)]);
  });

  it('the one before signs too until its end', () => {
    expect(given(created, rotated(2_000, 2, 62_000)).state).toMatchObject({
      version: 2,
      secret_number: 2,
      retiring: [{ number: 1, until: 62_000 }],
    });
  });

  it('those that have ended are forgotten at the next rotation', () => {
    const state = given(created, rotated(2_000, 2, 62_000), rotated(70_000, 3, 80_000)).state;
    expect(state).toMatchObject({ secret_number: 3, retiring: [{ number: 2, until: 80_000 }] });
  });

  it('a shorter overlap ends those before as well, and none ends them at once', () => {
    const [first, shorter] = [rotated(2_000, 2, 62_000), rotated(3_000, 3, 10_000)];
    expect(given(created, first, shorter).state).toMatchObject({
      retiring: [
        { number: 2, until: 10_000 },
        { number: 1, until: 10_000 },
      ],
    });
    expect(given(created, first, rotated(3_000, 3, 3_000)).state).toMatchObject({ retiring: [] });
  });

  it('given three that still sign beside the current one: refused, but for a rotation without overlap', () => {
    const before = given(
      created,
      rotated(2_000, 2, 90_000),
      rotated(3_000, 3, 90_000),
      rotated(4_000, 4, 90_000),
    );
    expect(before.when(rotate(5_000, 60))).toThrow(WebhookInvalid);
    expect(before.when(rotate(5_000, 0))()).toHaveLength(1);
    expect(before.when(rotate(91_000, 60))()).toHaveLength(1);
  });

  it('given none or a deleted one: there is no such webhook', () => {
    expect(given().when(rotate(1, 1))).toThrow(WebhookNotFound);
    expect(given(created, deleted).when(rotate(1, 1))).toThrow(WebhookNotFound);
  });
});
