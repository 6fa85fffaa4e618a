import type { FoundOperation } from '../../apps/admin-api/testing/document-for-tests.js';
import type { Answer, SentRequest } from './send.js';
import type { StoreState } from './watched-stores.js';

/** What must not be seen by whoever asks, and whose it is. */
export interface Secret {
  tenant: string;
  /** Stands in all that the tenant has, and in no request. */
  marker: string;
  /** Of what the tenant has: they may be guessed and asked for, and stand in an answer only then. */
  ids: string[];
}

/** What is wrong with an answer by itself: it is our own fault, or not as the operation's document says. */
export function faultsOfAnswer(
  { operation }: FoundOperation,
  { status, contentType, text }: Answer,
): string[] {
  if (status >= 500) return [`it is a ${status}: ${text}`];
  const faults: string[] = [];
  if (!Object.hasOwn(operation.responses, String(status)))
    faults.push(`${status} is not documented: ${text}`);
  if (status < 400) return faults;
  if (!contentType.startsWith('application/problem+json')) return [...faults, `${contentType} is no problem`];
  const problem = JSON.parse(text) as { status: number; code: string };
  if (problem.status !== status) faults.push(`the status is ${status}, and ${problem.status} in the problem`);
  if (!documentedCodes(operation, status).includes(problem.code))
    faults.push(`${problem.code} is not documented for ${status}`);
  return faults;
}

/** What an answer shows of what is another tenant's. */
export function leaksIn({ text }: Answer, sent: SentRequest, secret: Secret): string[] {
  const asked = [sent.target, ...Object.values(sent.headers), sent.body?.toString() ?? ''].join('\n');
  return [secret.marker, ...secret.ids]
    .filter((shown) => text.includes(shown) && !asked.includes(shown))
    .map((shown) => `it shows ${shown} of ${secret.tenant}: ${text.slice(0, 300)}`);
}

/** What was written between two states that the request must not have written. */
export function writesOf(
  { method, headers }: SentRequest,
  { status }: Answer,
  before: StoreState,
  after: StoreState,
  { tenant }: Pick<Secret, 'tenant'>,
): string[] {
  const faults = differing(before.ofVictim, after.ofVictim).map(
    (store) => `${store} of ${tenant} was written`,
  );
  if (status >= 400)
    faults.push(
      ...differing(before.all, after.all).map(
        (store) => `${store} was written by a request refused with ${status}`,
      ),
    );
  const kept = differing(before.kept, after.kept);
  const mayKeep = method === 'POST' && Object.hasOwn(headers, 'idempotency-key') ? 1 : 0;
  if (kept.length > mayKeep) faults.push(`${kept.length} answers were kept, not ${mayKeep}: ${kept.join()}`);
  for (const request of kept) {
    if (request.startsWith(`${tenant} `)) faults.push(`the answer to ${request} is of ${tenant}`);
    if (before.kept[request]) faults.push(`the answer to ${request} was there, and is another now`);
  }
  return faults;
}

function differing(before: Record<string, string>, after: Record<string, string>): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]);
}

/** The codes that the document has for a status of an operation. */
function documentedCodes({ responses }: FoundOperation['operation'], status: number): string[] {
  const schema = responses[String(status)]?.content?.['application/problem+json']?.schema as
    { allOf: { properties?: { code: { enum: string[] } } }[] } | undefined;
  return schema?.allOf[1]?.properties?.code.enum ?? [];
}
