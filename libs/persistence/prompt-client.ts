import pg, { type QueryArrayConfig, type QueryConfig, type QueryResult } from 'pg';

class Prompt extends pg.Client {
  override query(...given: unknown[]): never {
    const query = super.query.bind(this) as (...given: unknown[]) => unknown;
    const [config, values] = given;
    if (!isAwaited(given)) return query(...given) as never;
    return new Promise<QueryResult>((resolve, reject) => {
      query(config, values, (error: Error | undefined, result: QueryResult) => {
        if (error) reject(error);
        else resolve(result);
      });
    }).catch((error: Error) => {
      // As pg does: the trace that leads here says more than the one that leads to the socket.
      Error.captureStackTrace(error);
      throw error;
    }) as never;
  }
}

/**
 * pg's client, whose queries are garbage as soon as they are answered.
 *
 * Where pg makes the promise itself, it assigns a function literal to a property
 * of each query. V8 places such functions among the old objects (it takes them
 * for methods of a class), and all that they refer to (the query, its texts, who
 * waits for them) then survives until the whole heap is collected (ADR 0009).
 * A query that comes with a callback has no such function.
 */
export const PromptClient: typeof pg.Client = Prompt;

/** Whether a query comes without a callback, and is not an object that submits itself (a cursor, a stream). */
function isAwaited([config, values, callback]: unknown[]): boolean {
  if (typeof values === 'function' || typeof callback === 'function') return false;
  if (typeof config === 'string') return true;
  const { submit, callback: own } = config as (QueryConfig | QueryArrayConfig) & {
    submit?: unknown;
    callback?: unknown;
  };
  return typeof submit !== 'function' && typeof own !== 'function';
}
