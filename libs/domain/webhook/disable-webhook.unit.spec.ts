import type { WebhookCommand } from './decide-webhook.js';
import { created, decided, deleted, given, later, paused } from './testing/webhook-story.js';
import type { DisabledReason } from './webhook.js';
import type { WebhookEvent } from './webhook-events.js';

const byTidings = { ...decided, actor: 'tidings', at: 3_000 };
const disable = (observed_at: number, reason: DisabledReason = 'receiver_gone'): WebhookCommand => ({
  ...byTidings,
  kind: 'disable',
  reason,
  observed_at,
});
const disabled: WebhookEvent = { ...byTidings, type: 'webhook.disabled', data: { reason: 'receiver_gone' } };
const resumed: WebhookEvent = { ...later, at: 4_000, type: 'webhook.resumed', data: {} };
const moved: WebhookEvent = { ...later, type: 'webhook.changed', data: { url: 'https://example.com/new' } };
const renamed: WebhookEvent = { ...later, type: 'webhook.changed', data: { name: 'late orders' } };

describe('disabling a webhook', () => {
  it('given an active one: it is disabled, by Tidings and with the reason', () => {
    expect(given(created).when(disable(2_500))()).toEqual([disabled]);
    expect(given(created, disabled).state).toMatchObject({
      status: 'disabled',
      disabled_reason: 'receiver_gone',
      updated_at: 3_000,
    });
  });

  it.each<[string, WebhookEvent[], number]>([
    ['there is none', [], 2_500],
    ['it was deleted', [created, deleted], 2_500],
    ['it is disabled already', [created, disabled], 3_500],
    ['it was resumed since', [created, disabled, resumed], 3_500],
    ['its URL was changed since', [created, moved], 1_500],
    ['it was paused since', [created, paused], 500],
    ['it was made after what was seen, under the same id', [created], 999],
  ])('changes nothing when %s', (_title, before, observedAt) => {
    expect(given(...before).when(disable(observedAt))()).toEqual([]);
  });

  it.each<[string, WebhookEvent[], number]>([
    ['it was renamed since', [created, renamed], 1_500],
    ['it was resumed before', [created, disabled, resumed], 4_000],
    ['its URL was changed before', [created, moved], 2_000],
    ['it is paused', [created, paused], 2_500],
  ])('goes on when %s', (_title, before, observedAt) => {
    expect(given(...before).when(disable(observedAt))()).toHaveLength(1);
  });

  it('for its transform changes nothing when anything of it was changed since', () => {
    expect(given(created, renamed).when(disable(1_500, 'transform_failing'))()).toEqual([]);
    const [event] = given(created, renamed).when(disable(2_500, 'transform_failing'))();
    expect(event).toMatchObject({ type: 'webhook.disabled', data: { reason: 'transform_failing' } });
  });

  it('given a disabled one: a person resumes it, and the reason is gone', () => {
    const resume: WebhookCommand = { ...later, kind: 'change', change: { status: 'active' } };
    const story = given(created, disabled);
    expect(
      story
        .when(resume)()
        .map(({ type }) => type),
    ).toEqual(['webhook.resumed']);
    expect(given(created, disabled, resumed).state).toMatchObject({
      status: 'active',
      disabled_reason: null,
    });
  });

  it('given a disabled one: a person who changes something else leaves it disabled', () => {
    expect(given(created, disabled, renamed).state).toMatchObject({
      status: 'disabled',
      disabled_reason: 'receiver_gone',
    });
  });
});
