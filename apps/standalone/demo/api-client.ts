/** An answer of the admin API that the demo did not expect. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
}

/** Calls the admin API as the operator; gives the parsed answer. */
export type CallApi = <Answer>(method: string, path: string, body?: unknown) => Promise<Answer>;

/**
 * @param apiUrl without the path /api/v1
 * @param signal gives up calls under way
 */
export function apiClient(apiUrl: string, operatorKey: string, signal: AbortSignal): CallApi {
  return async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${apiUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${operatorKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw new ApiFailure(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  };
}
