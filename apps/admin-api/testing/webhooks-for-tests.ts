import { member, type TestAnswer, type TestApi } from './api-for-tests.js';

export const WEBHOOKS = '/api/v1/webhooks';

let names = 0;

/** What creates a webhook, under a name that no other has. */
export function webhookFields(more: object = {}) {
  return {
    name: `webhook ${++names}`,
    url: 'https://example.com/hook',
    event_types: ['task.completed'],
    ...more,
  };
}

/** Asks for a webhook; the answer may be a refusal. */
export function createWebhook(
  api: TestApi,
  more: object = {},
  headers?: Record<string, string>,
): Promise<TestAnswer> {
  return api.ask('POST', WEBHOOKS, webhookFields(more), headers);
}

/** Makes a webhook. @returns its path */
export async function createdWebhook(api: TestApi, more: object = {}): Promise<string> {
  return `${WEBHOOKS}/${member(await createWebhook(api, more), 'id')}`;
}

/** What a refusal matches that names these paths, in this order. */
export function invalidAt(...paths: string[]) {
  return { code: 'invalid_request', errors: paths.map((path) => ({ path })) };
}
