import { isEventType } from '#domain';
import { sampleEvents } from './sample-events.js';

describe('the sample events', () => {
  it('have types of events, and pay for the orders that they create', () => {
    const events = sampleEvents();
    const some = Array.from({ length: 8 }, () => events.next().value);
    expect(some.every(({ type }) => isEventType(type))).toBe(true);
    const ids = (type: string) =>
      some.filter((event) => event.type === type).map(({ data }) => data.order_id);
    expect(ids('order.paid')).toEqual(ids('order.created'));
    expect(new Set(some.map(({ type }) => type))).toEqual(
      new Set(['order.created', 'task.completed', 'order.paid', 'user.signed_up']),
    );
  });
});
