import type { TestAnswer } from './api-for-tests.js';
import { operationsOf, type ApiDocument, type FoundOperation } from './document-for-tests.js';
import { DocumentSchemas } from './document-schemas.js';

/** The published document, as something that answers are held to. */
export class Contract {
  readonly operations: FoundOperation[];
  private readonly schemas: DocumentSchemas;

  constructor(document: ApiDocument) {
    this.operations = operationsOf(document).filter(({ path }) => path.startsWith('/api/v1/'));
    this.schemas = new DocumentSchemas(document);
  }

  /** @throws Error for an id that no operation has */
  operation(id: string): FoundOperation {
    const found = this.operations.find(({ operation }) => operation.operationId === id);
    if (!found) throw new Error(`The document has no operation ${id}.`);
    return found;
  }

  /** What of an answer is not as the document says of the operation; nothing when all is. */
  breaches({ operation }: FoundOperation, answer: TestAnswer): string[] {
    const documented = operation.responses[String(answer.status)];
    if (!documented) return [`the status ${answer.status} is not documented: ${answer.text}`];
    const contents = Object.entries(documented.content ?? {});
    const type = answer.headers.get('content-type')?.split(';')[0];
    const content = contents.find(([named]) => named === type) ?? contents[0];
    const breaches = [];
    if (content?.[0] !== type) breaches.push(`it is ${type}, and should be ${content?.[0]}`);
    const shown = type?.endsWith('json') && type !== 'application/x-ndjson' ? answer.json : answer.text;
    const fault = content?.[1].schema ? this.schemas.faultsOf(content[1].schema, shown) : null;
    if (fault !== null) breaches.push(fault);
    if (!content && answer.text !== '') breaches.push('it has a body');
    const tagged = Object.hasOwn(documented.headers ?? {}, 'ETag');
    if (tagged !== answer.headers.has('etag'))
      breaches.push(tagged ? 'the ETag is missing' : 'it has an ETag that is not documented');
    const passing = answer.status === 429 || answer.status === 503;
    if (passing && !answer.headers.has('retry-after')) breaches.push('Retry-After is missing');
    return breaches;
  }
}

/** The codes of all problems that an operation documents. */
export function codesOf({ operation }: FoundOperation): string[] {
  return Object.values(operation.responses).flatMap(({ description }) =>
    [...description.matchAll(/`([a-z_]+)`: /g)].map(([, code = '']) => code),
  );
}
