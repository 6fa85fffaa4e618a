import fc from 'fast-check';
import type { FoundOperation } from '../../apps/admin-api/testing/document-for-tests.js';
import { oddBody, oddText, oddYaml } from './odd-values.js';
import { brokenValuesOf, valuesOf, type Schema } from './values-of-schema.js';

/** A place in a path or a query that is filled when the request is sent, from what there is by then. */
export type Filling = { own: number } | { foreign: number } | { text: string };

export interface PlannedRequest {
  /** Whether it comes from the tenant that is strict about event types. */
  strict: boolean;
  who: 'admin' | 'viewer' | 'publisher' | 'stranger';
  fillings: Filling[];
  query: [string, Filling][];
  headers: Record<string, string>;
  body: string | undefined;
  /** Latin-1 makes text that is not UTF-8. */
  encoding: 'utf8' | 'latin1';
}

const filling: fc.Arbitrary<Filling> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ own: fc.nat(1_000) }) },
  { weight: 3, arbitrary: fc.record({ foreign: fc.nat(1_000) }) },
  { weight: 2, arbitrary: fc.record({ text: oddText }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('1', '2', '0', '999999999', '-1', '1.5').map((text) => ({ text })),
  },
);

const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
  maxLength: 30,
});

const oddHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          ...['if-match', 'idempotency-key', 'accept', 'accept-encoding', 'x-forwarded-for', 'cookie'],
          ...['if-none-match', 'range', 'x-http-method-override', 'content-encoding', 'tidings-tenant'],
        ),
        fc.oneof(
          latin1,
          fc.constantFrom(
            '"1"',
            'W/"2"',
            '*',
            '"999999999"',
            'k1',
            'k2',
            'victim',
            'gzip',
            'x'.repeat(4_000),
          ),
        ),
      )
      .map(([name, value]) => ({ [name]: value.trim() })),
  },
);

const contentTypes = fc.oneof(
  { weight: 12, arbitrary: fc.constant<string | undefined>('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom<string | undefined>(
      ...[
        undefined,
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        '/',
      ],
      ...[
        'application/json; charset=utf-16',
        'application/merge-patch+json',
        'APPLICATION/JSON',
        'json',
        'a/b;',
      ],
    ),
  },
);

/** Requests to an operation, from those that its schemas allow to those that nothing allows. */
export function requestsTo({ path, operation }: FoundOperation): fc.Arbitrary<PlannedRequest> {
  const content = operation.requestBody?.content ?? {};
  const schema = content['application/json']?.schema as Schema | undefined;
  const inYaml = Object.hasOwn(content, 'application/yaml');
  const text = (values: fc.Arbitrary<unknown>) => values.map((value) => JSON.stringify(value));
  const body = schema
    ? fc.oneof(
        { weight: 5, arbitrary: text(valuesOf(schema)) },
        { weight: 5, arbitrary: text(brokenValuesOf(schema)) },
        { weight: 1, arbitrary: oddBody },
      )
    : fc.oneof(
        { weight: 4, arbitrary: fc.constant<string | undefined>(undefined) },
        { weight: 1, arbitrary: oddBody },
      );
  return fc
    .record({
      who: fc.oneof(
        { weight: 20, arbitrary: fc.constant('admin' as const) },
        { weight: 2, arbitrary: fc.constantFrom('viewer' as const, 'publisher' as const) },
        { weight: 1, arbitrary: fc.constant('stranger' as const) },
      ),
      strict: fc.oneof(
        { weight: 3, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
      fillings: fc.array(filling, { minLength: slotsOf(path), maxLength: slotsOf(path) }),
      query: queryOf(operation.parameters ?? []),
      headers: oddHeaders,
      type: contentTypes,
      encoding: fc.oneof(
        { weight: 30, arbitrary: fc.constant('utf8' as const) },
        { weight: 1, arbitrary: fc.constant('latin1' as const) },
      ),
      body,
      yaml: inYaml ? fc.option(oddYaml) : fc.constant(null),
    })
    .map(({ type: jsonType, yaml, ...request }) => {
      const [body, type] = yaml === null ? [request.body, jsonType] : [yaml, 'application/yaml'];
      const headers =
        body === undefined || type === undefined
          ? request.headers
          : { ...request.headers, 'content-type': type };
      return { ...request, body, headers };
    });
}

function slotsOf(path: string): number {
  return path.split('{').length - 1;
}

function queryOf(
  parameters: { name?: string; in?: string; schema?: object }[],
): fc.Arbitrary<[string, Filling][]> {
  const known = parameters.flatMap(({ name, in: place, schema }) =>
    place === 'query' && name !== undefined ? [{ name, schema: schema as Schema }] : [],
  );
  const odd = fc.tuple(fc.constantFrom('limit', 'cursor', 'q', 'unknown', 'limit[]', '__proto__'), filling);
  if (known.length === 0) return fc.array(odd, { maxLength: 1 });
  const right = fc
    .constantFrom(...known)
    .chain(({ name, schema }) =>
      valuesOf(schema, name).map((value): [string, Filling] => [name, { text: String(value) }]),
    );
  const oddlyKnown = fc.tuple(fc.constantFrom(...known.map(({ name }) => name)), filling);
  const one = fc.oneof(
    { weight: 6, arbitrary: right },
    { weight: 2, arbitrary: oddlyKnown },
    { weight: 1, arbitrary: odd },
  );
  return fc.array(one, { maxLength: 3 });
}
