import type { TransformInput } from './transform.js';

/** What a transform is given, besides what a spec says. */
export function transformInput(
  given: Partial<Omit<TransformInput, 'data'>> & { data?: string } = {},
): TransformInput {
  const { data = '{"a":1}', ...rest } = given;
  return {
    ...{ id: 'evt_1', type: 'task.completed', timestamp: '2026-01-01T00:00:00.000Z' },
    ...{ metadata: null, tenant: 'default', webhook_id: 'wh_1', delivery_id: 'dlv_1', attempt: 1 },
    ...{ method: 'POST' as const, path: '/hook?x=1' },
    ...rest,
    data: Buffer.from(data),
  };
}
