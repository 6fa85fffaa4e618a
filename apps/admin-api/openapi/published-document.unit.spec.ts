import { readFileSync, writeFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { format } from 'prettier';
import { documentWithoutServers, operationsOf, type ApiDocument } from '../testing/document-for-tests.js';
import { DocumentSchemas } from '../testing/document-schemas.js';

const FILE = 'docs/openapi.json';
const PROBLEM_JSON = 'application/problem+json';
const EXPORTED = ['application/x-ndjson', 'text/csv'];

let document: ApiDocument;
beforeAll(async () => {
  document = await documentWithoutServers();
});

const api = () => operationsOf(document).filter(({ path }) => path.startsWith('/api/v1/'));
const named = (operations: ReturnType<typeof api>) =>
  operations.map(({ operation }) => operation.operationId);

/** Every $ref in a part of the document. */
function refsIn(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' ? [value] : refsIn(value),
  );
}

describe('docs/openapi.json', () => {
  it('is what the API says of itself (else: npm run docs:openapi)', async () => {
    const page = await format(JSON.stringify(document), { parser: 'json', printWidth: 110 });
    if (process.env.WRITE_OPENAPI) writeFileSync(FILE, page);
    expect(readFileSync(FILE, 'utf8') === page).toBe(true);
  });

  it('is valid OpenAPI 3.1', async () => {
    expect(await new Validator().validate({ ...document })).toEqual({ valid: true });
  });

  it('gives every operation a name of its own, a summary and tags that it explains', () => {
    const tags = new Set(document.tags.filter((tag) => tag.description).map((tag) => tag.name));
    const ids = named(operationsOf(document));
    expect(new Set(ids).size).toBe(ids.length);
    // A name with a dot is one that no note gives: see openapi/notes.ts.
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
    const poor = operationsOf(document).filter(
      ({ operation }) => !operation.summary || !operation.tags?.every((tag) => tags.has(tag)),
    );
    expect(named(poor)).toEqual([]);
  });

  it('has every parameter of a path, and no other', () => {
    const wrong = operationsOf(document).filter(({ path, operation }) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      return JSON.stringify(inPath) !== JSON.stringify(described.map((parameter) => parameter.name));
    });
    expect(named(wrong)).toEqual([]);
  });

  it('shows an example of every request and of every answer, valid against its schema', () => {
    const schemas = new DocumentSchemas(document);
    const faults = api().flatMap(({ operation }) => {
      const answers = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
      const contents = [operation.requestBody, ...answers.map(([, answer]) => answer)].flatMap((part) =>
        Object.values(part?.content ?? {}),
      );
      return contents.flatMap(({ schema, example }) => {
        const fault =
          schema && example !== undefined ? schemas.faultsOf(schema, example) : 'no schema, or no example';
        return fault === null ? [] : [`${operation.operationId}: ${fault}`];
      });
    });
    expect(faults).toEqual([]);
  });

  it('shows an example of every parameter, valid against its schema', () => {
    const schemas = new DocumentSchemas(document);
    const faults = api().flatMap(({ operation }) =>
      (operation.parameters ?? []).flatMap(({ $ref, name, schema, example }) => {
        if ($ref) return [];
        const fault = schema && example !== undefined ? schemas.faultsOf(schema, example) : 'no example';
        return fault === null ? [] : [`${operation.operationId}, ${name}: ${fault}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  it('answers every success with a body, except 204, and every problem as problem+json', () => {
    for (const { operation } of api())
      for (const [status, answer] of Object.entries(operation.responses)) {
        const types = Object.keys(answer.content ?? {});
        const listens = operation.operationId === 'streamDeliveries';
        const answered = listens ? ['text/event-stream'] : ['application/json'];
        const success = operation.tags?.includes('exports') ? EXPORTED : answered;
        const expected = status === '204' ? [] : status < '300' ? success : [PROBLEM_JSON];
        expect([operation.operationId, status, types]).toEqual([operation.operationId, status, expected]);
      }
  });

  it('documents of every operation that it needs a key, may be refused, and may find a server away', () => {
    for (const { operation } of api()) {
      expect(operation.security).toEqual([{ bearer: [] }]);
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining(['401', '403', '404', '422', '429', '500', '503']),
      );
    }
  });

  it('refers to nothing that is not there, and has no part that nothing refers to', () => {
    const refs = new Set(refsIn(document));
    const parts = Object.entries(document.components).flatMap(([kind, byName]) =>
      Object.keys(byName).map((name) => `#/components/${kind}/${name}`),
    );
    const unnamed = parts.filter((part) => !part.startsWith('#/components/securitySchemes/'));
    expect([...refs].filter((ref) => ref.startsWith('#/components/')).sort()).toEqual(unnamed.sort());
  });
});
