import { readFile } from 'node:fs/promises';
import { Bus } from '#bus';
import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

const TYPES = '/api/v1/event-types';
const schema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'integer' }, by: { type: 'string' } },
};
const declare = (body: object, headers?: Record<string, string>) => api.ask('POST', TYPES, body, headers);
const namesOf = (answer: { json: unknown }) =>
  (answer.json as { data: { name: string }[] }).data.map(({ name }) => name);

describe('declaring an event type', () => {
  it('answers with all its fields, what was left out by default', async () => {
    const answer = await declare({ name: 'order.paid', schema, example: { id: 1 } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.headers.get('location')).toBe(`${TYPES}/order.paid`);
    expect(answer.json).toEqual({
      name: 'order.paid',
      description: '',
      schema,
      example: { id: 1 },
      archived: false,
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) as string,
      updated_at: expect.any(String) as string,
    });
    expect((await api.ask('GET', `${TYPES}/order.paid`)).json).toEqual(answer.json);
  });

  it('refuses a name that is there, and takes it in another tenant', async () => {
    await declare({ name: 'order.twice' });
    const again = await declare({ name: 'order.twice' });
    expect([again.status, again.json]).toMatchObject([409, { code: 'event_type_exists' }]);
    expect((await declare({ name: 'order.twice' }, { 'tidings-tenant': 'acme' })).status).toBe(201);
  });

  it.each<[string, object, string]>([
    ['no name', {}, 'name'],
    ['a pattern as name', { name: 'a.*' }, 'name'],
    ['a field that it does not know', { name: 'a', colour: 1 }, 'colour'],
    ['a schema that is a list', { name: 'a', schema: [] }, 'schema'],
    ['a schema of a type that there is not', { name: 'a', schema: { type: 'text' } }, 'schema.type'],
    ['a schema that refers to the web', { name: 'a', schema: { $ref: 'https://x.y/z' } }, 'schema.$ref'],
    ['a pattern that cannot be bounded', { name: 'a', schema: { pattern: '(a)\\1' } }, 'schema.pattern'],
    ['an example that does not fit', { name: 'a', schema, example: { id: 'x' } }, 'example.id'],
    ['a NUL in the example', { name: 'a', example: '\0' }, 'example'],
  ])('refuses %s with 422, and names the field', async (_title, body, path) => {
    const answer = await declare(body);
    expect([answer.status, answer.json]).toMatchObject([422, { errors: [{ path }] }]);
  });

  it.each(['schema', 'example'])('refuses a %s deeper than any stack with 422', async (field) => {
    const deep = `{"name":"deep","${field}":${'{"not":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    expect((await api.ask('POST', TYPES, deep)).status).toBe(422);
    expect((await api.ask('PATCH', `${TYPES}/order.paid`, deep.replace('"name":"deep",', ''))).status).toBe(
      422,
    );
    const source = `{"source":{"event_types":[${deep}]}}`;
    expect((await api.ask('POST', `${TYPES}/import`, source)).status).toBe(422);
  });
});

describe('changing an event type', () => {
  it('by PUT replaces it, by PATCH merges', async () => {
    await declare({ name: 'task.done', description: 'Done.', schema, example: { id: 1 } });
    const path = `${TYPES}/task.done`;
    const patched = await api.ask('PATCH', path, { schema: { properties: { by: null } }, archived: true });
    expect(patched.json).toMatchObject({
      description: 'Done.',
      schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
      archived: true,
    });
    expect(patched.headers.get('etag')).toBe('"3"');
    const replaced = await api.ask('PUT', path, { description: 'All done.' });
    expect(replaced.json).toMatchObject({
      description: 'All done.',
      schema: null,
      example: null,
      archived: false,
    });
    expect((await api.ask('PATCH', path, { description: null })).json).toMatchObject({ description: '' });
  });

  it('of another version than If-Match says is refused', async () => {
    await declare({ name: 'task.locked' });
    const path = `${TYPES}/task.locked`;
    for (const [method, body] of [
      ['PUT', {}],
      ['PATCH', {}],
      ['DELETE', undefined],
    ] as const) {
      const answer = await api.ask(method, path, body, { 'if-match': '"7"' });
      expect([answer.status, answer.json]).toMatchObject([412, { actual_version: 1 }]);
    }
    expect((await api.ask('PATCH', path, { archived: true }, { 'if-match': '"1"' })).status).toBe(200);
  });

  it('that is not there, or is of another tenant, is 404', async () => {
    await declare({ name: 'task.secret' }, { 'tidings-tenant': 'acme' });
    for (const name of ['task.none', 'task.secret'])
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const body = method === 'PUT' || method === 'PATCH' ? {} : undefined;
        const answer = await api.ask(method, `${TYPES}/${name}`, body);
        expect([answer.status, answer.json]).toMatchObject([404, { code: 'event_type_not_found' }]);
      }
  });

  it('reaches the data plane before it is answered; so does its end', async () => {
    const bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
    await declare({ name: 'task.relayed.far', schema });
    expect(await bus.eventTypes.get('default', 'task.relayed.far')).toEqual({
      tenant: 'default',
      name: 'task.relayed.far',
      version: 1,
      schema,
      archived: false,
    });
    await api.ask('PATCH', `${TYPES}/task.relayed.far`, { archived: true });
    expect(await bus.eventTypes.get('default', 'task.relayed.far')).toMatchObject({ archived: true });
    expect((await api.ask('DELETE', `${TYPES}/task.relayed.far`)).status).toBe(204);
    expect(await bus.eventTypes.get('default', 'task.relayed.far')).toBeUndefined();
    expect((await declare({ name: 'task.relayed.far' })).headers.get('etag')).toBe('"4"');
    expect(await bus.eventTypes.get('default', 'task.relayed.far')).toMatchObject({ version: 4 });
    await bus.close();
  });
});

describe('listing event types', () => {
  const tenant = { 'tidings-tenant': 'lister' };
  const list = (query: string) => api.ask('GET', `${TYPES}?${query}`, undefined, tenant);
  beforeAll(async () => {
    for (const [name, description] of [
      ['a.one', 'Eins'],
      ['b.two', 'Zwei'],
      ['c.three', 'Drei'],
    ])
      await declare({ name, description, archived: name === 'b.two' }, tenant);
  });

  it.each<[string, string[]]>([
    ['', ['c.three', 'b.two', 'a.one']],
    ['archived=true', ['b.two']],
    ['archived=false', ['c.three', 'a.one']],
    ['q=EI', ['c.three', 'b.two', 'a.one']],
    ['q=b.t', ['b.two']],
    ['q=%25', []],
  ])('?%s finds, newest first, what it should', async (query, names) => {
    expect(namesOf(await list(query))).toEqual(names);
  });

  it('goes on by cursor where it stopped, for this tenant only', async () => {
    const first = await list('limit=2');
    const cursor = member(first, 'next_cursor');
    expect(namesOf(await list(`limit=2&cursor=${cursor}`))).toEqual(['a.one']);
    const other = await api.ask('GET', `${TYPES}?cursor=${cursor}`, undefined, {
      'tidings-tenant': 'nobody',
    });
    expect(idsOf(other)).toEqual([]);
  });
});

describe('importing event types', () => {
  const tenant = (name: string) => ({ 'tidings-tenant': name });
  const load = (body: object, name: string) => api.ask('POST', `${TYPES}/import`, body, tenant(name));
  const CATALOGUES = ['rag-chatbot', 'systemprompt-os', 'taskflow', 'nexus', 'notely'];

  beforeAll(async () => {
    for (const id of [...CATALOGUES, 'dry', 'docs', 'yaml'])
      await api.ask('POST', '/api/v1/tenants', { id, name: id });
  });

  it.each(CATALOGUES)(
    'takes the catalogue of %s whole, and the second time finds nothing to change',
    async (file) => {
      const path = new URL(`../../../libs/payload/catalogues/${file}.json`, import.meta.url);
      const source = JSON.parse(await readFile(path, 'utf8')) as { event_types: { name: string }[] };
      const names = source.event_types.map(({ name }) => name);
      const first = await load({ source }, file);
      expect(first.json).toMatchObject({ format: 'tidings', created: names, changed: [], failed: [] });
      expect((await load({ source }, file)).json).toMatchObject({
        created: [],
        changed: [],
        unchanged: names,
      });
    },
  );

  it('says what it would do, and does nothing, when it is a dry run', async () => {
    await declare({ name: 'x.same' }, tenant('dry'));
    await declare({ name: 'x.other', description: 'Old.' }, tenant('dry'));
    const source = {
      event_types: [
        { name: 'x.same' },
        { name: 'x.other', description: 'New.', archived: true },
        { name: 'x.new', schema },
        { name: 'x.bad', schema: { type: 'text' } },
        { name: 'x bad' },
      ],
    };
    const expected = {
      created: ['x.new'],
      changed: [{ name: 'x.other', fields: ['description', 'archived'] }],
      unchanged: ['x.same'],
      failed: [
        { name: 'x.bad', errors: [{ path: 'schema.type' }] },
        { name: 'x bad', errors: [{ path: 'name' }] },
      ],
    };
    const dry = await load({ source, dry_run: true }, 'dry');
    expect(dry.json).toMatchObject({ ...expected, dry_run: true });
    const list = await api.ask('GET', TYPES, undefined, tenant('dry'));
    expect(namesOf(list)).toEqual(['x.other', 'x.same']);
    expect((await load({ source }, 'dry')).json).toMatchObject({ ...expected, dry_run: false });
    expect((await api.ask('GET', `${TYPES}/x.other`, undefined, tenant('dry'))).json).toMatchObject({
      description: 'New.',
      archived: true,
    });
  });

  it('takes OpenAPI and AsyncAPI documents', async () => {
    const post = { requestBody: { content: { 'application/json': { schema } } } };
    const openapi = await load({ source: { openapi: '3.1.0', webhooks: { 'o.a': { post } } } }, 'docs');
    expect(openapi.json).toMatchObject({ format: 'openapi', created: ['o.a'] });
    const channels = { 'as/api': { publish: { message: { payload: schema } } } };
    const asyncapi = await load({ source: { asyncapi: '2.6.0', channels } }, 'docs');
    expect(asyncapi.json).toMatchObject({ format: 'asyncapi', created: ['as.api'] });
  });

  it('takes the document as a YAML file: the body is the file, and dry_run stands in the query', async () => {
    const asyncapi = `
asyncapi: 3.0.0
info: { title: Tasks, version: '1' }
channels:
  done:
    address: task.done
    messages:
      done:
        name: task.done
        payload: &task # said once
          type: object
          required: [id]
          properties: { id: { type: integer } }
      reopened:
        name: task.reopened
        payload: *task
operations:
  tell: { action: send, channel: { $ref: '#/channels/done' } }
`;
    const created = ['task.done', 'task.reopened'];
    for (const [type, dry] of [
      ['application/yaml', true],
      ['text/yaml; charset=utf-8', true],
      ['application/x-yaml', true],
      ['application/openapi+yaml', true],
      ['application/yaml', false],
    ] as const) {
      const headers = { ...tenant('yaml'), 'content-type': type };
      const answer = await api.ask('POST', `${TYPES}/import?dry_run=${dry}`, asyncapi, headers);
      expect([answer.status, answer.json]).toMatchObject([
        200,
        { format: 'asyncapi', dry_run: dry, created, failed: [] },
      ]);
    }
    const read = await api.ask('GET', `${TYPES}/task.reopened`, undefined, tenant('yaml'));
    expect(read.json).toMatchObject({ schema: { type: 'object', required: ['id'] } });
  });

  it('with dry_run in the query is a dry run, too, when the body is JSON', async () => {
    const body = { source: { event_types: [{ name: 'y.z' }] } };
    const answer = await api.ask('POST', `${TYPES}/import?dry_run=true`, body, tenant('yaml'));
    expect(answer.json).toMatchObject({ dry_run: true, created: ['y.z'] });
    expect((await api.ask('GET', `${TYPES}/y.z`, undefined, tenant('yaml'))).status).toBe(404);
    const odd = await api.ask('POST', `${TYPES}/import?dry_run=perhaps`, body, tenant('yaml'));
    expect([odd.status, odd.json]).toMatchObject([422, { errors: [{ path: 'dry_run' }] }]);
  });

  it.each<[string, string, Record<string, string>, [number, object]]>([
    ['is none', 'a:\n  b: c: d', {}, [400, { code: 'malformed_yaml', line: 2, column: 6 }]],
    ['is no document of the kind', 'hello: 1', {}, [422, { errors: [{ path: 'source' }] }]],
    ['is a text', 'hello', {}, [422, { errors: [{ path: 'source' }] }]],
    ['is empty', '', {}, [422, { errors: [{ path: 'source' }] }]],
    ['is too large', `a: ${'x'.repeat(1_048_576)}`, {}, [413, { code: 'body_too_large' }]],
    ['comes from nobody', 'a: b: c', { authorization: 'Bearer no' }, [401, { code: 'unauthenticated' }]],
  ])('refuses YAML that %s', async (_title, text, headers, [status, problem]) => {
    const head = { 'content-type': 'application/yaml', ...headers };
    const answer = await api.ask('POST', `${TYPES}/import`, text, head);
    expect([answer.status, answer.json]).toMatchObject([status, problem]);
  });

  it('is given its first answer again when it is YAML and sent twice with one Idempotency-Key', async () => {
    const headers = { ...tenant('yaml'), 'content-type': 'application/yaml', 'idempotency-key': 'yaml-1' };
    const text = 'event_types: [{ name: once.only }]';
    const first = await api.ask('POST', `${TYPES}/import`, text, headers);
    expect(first.json).toMatchObject({ created: ['once.only'] });
    expect((await api.ask('POST', `${TYPES}/import`, text, headers)).text).toBe(first.text);
    const other = await api.ask('POST', `${TYPES}/import`, `${text} # other`, headers);
    expect(other.json).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('is the only one that takes YAML', async () => {
    const answer = await api.ask('POST', TYPES, 'name: a.b', { 'content-type': 'application/yaml' });
    expect([answer.status, answer.json]).toMatchObject([415, { code: 'unsupported_media_type' }]);
  });

  it('refuses what is no catalogue with 422', async () => {
    const answer = await load({ source: { hello: 1 } }, 'docs');
    expect([answer.status, answer.json]).toMatchObject([422, { errors: [{ path: 'source' }] }]);
  });
});
