import { readdir, readFile } from 'node:fs/promises';
import { decideEventType, NO_EVENT_TYPE } from '#domain';
import { CatalogueError, type Catalogue, type JsonObject } from './catalogue.js';
import { readCatalogue } from './read-catalogue.js';

const imported = ({ entries }: Catalogue) =>
  entries.map(({ name, definition }) => {
    const command = { tenant: 't', event_type: name, actor: 'a', at: 1, kind: 'import' as const, definition };
    decideEventType(NO_EVENT_TYPE, command);
    return name;
  });
const entry = (catalogue: Catalogue, name: string) =>
  catalogue.entries.find((one) => one.name === name)?.definition;

describe('the catalogues that ship', () => {
  it.each([
    ['rag-chatbot', 9, 'task_completed'],
    ['systemprompt-os', 15, 'system.health.restored'],
    ['taskflow', 10, 'request.status.changed'],
    ['nexus', 23, 'analytics.report_generated'],
    ['notely', 17, 'user.settings.updated'],
  ])('%s has its %i event types, and each can be imported', async (file, count, one) => {
    const text = await readFile(new URL(`${file}.json`, import.meta.url), 'utf8');
    const catalogue = readCatalogue(JSON.parse(text) as JsonObject);
    expect(catalogue.unreadable).toEqual([]);
    const names = imported(catalogue);
    expect(names).toHaveLength(count);
    expect(names).toContain(one);
    for (const { definition } of catalogue.entries) expect(definition.description).toMatch(/\.$/);
  });

  it('are all there is in the folder', async () => {
    const files = await readdir(new URL('.', import.meta.url));
    expect(files.filter((file) => file.endsWith('.json'))).toHaveLength(5);
  });
});

describe('a catalogue of Tidings', () => {
  it('tells what it cannot read, and reads the rest', () => {
    const event_types = [{ name: 'a.b' }, 7, {}, { name: 'c', colour: 1 }, { name: 'd', archived: 'no' }];
    const { entries, unreadable } = readCatalogue({ event_types });
    expect(entries).toEqual([
      { name: 'a.b', definition: { description: '', schema: null, example: null, archived: false } },
    ]);
    expect(unreadable.map(({ name }) => name)).toEqual(['event_types.1', 'event_types.2', 'c', 'd']);
  });

  it.each<[string, JsonObject, string]>([
    ['that declares a type twice', { event_types: [{ name: 'a' }, { name: 'a' }] }, 'a twice'],
    ['that is none', { info: {} }, 'event_types'],
    ['of OpenAPI 3.0', { openapi: '3.0.3', webhooks: {} }, '3.0.3'],
    ['of OpenAPI without webhooks', { openapi: '3.1.0', paths: {} }, 'webhooks'],
    ['of AsyncAPI 1', { asyncapi: '1.0.0' }, '1.0.0'],
    ['that is too long', { event_types: Array(1_001).fill({ name: 'a' }) }, '1001'],
  ])('%s is refused', (_title, document, why) => {
    expect(() => readCatalogue(document)).toThrow(CatalogueError);
    expect(() => readCatalogue(document)).toThrow(why);
  });
});

describe('the webhooks of an OpenAPI 3.1 document', () => {
  const document: JsonObject = {
    openapi: '3.1.0',
    webhooks: {
      'pet.adopted': {
        post: {
          summary: 'A pet has a home.',
          requestBody: {
            content: {
              'application/json; charset=utf-8': {
                schema: { $ref: '#/components/schemas/Pet' },
                examples: { one: { $ref: '#/components/examples/rex' } },
              },
            },
          },
        },
      },
      'pet.lost': { $ref: '#/components/pathItems/lost' },
      'pet strange': { post: {} },
      'pet.asked': { get: {} },
      'pet.wrapped': {
        post: {
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: {
                    type: { const: 'pet.wrapped' },
                    timestamp: { type: 'string' },
                    data: { $ref: '#/components/schemas/Pet' },
                  },
                },
                example: { type: 'pet.wrapped', timestamp: 'x', data: { name: 'Rex' } },
              },
            },
          },
        },
      },
    },
    components: {
      schemas: {
        Pet: {
          type: 'object',
          required: ['name'],
          properties: { name: { $ref: '#/components/schemas/Name' }, $ref: { const: { $ref: 'data' } } },
        },
        Name: { type: 'string', pattern: '^[A-Z]' },
      },
      examples: { rex: { value: { name: 'Rex' } } },
      pathItems: { lost: { post: { description: 'A pet is gone.', deprecated: true } } },
    },
  };

  it('become event types: body, example and description, with what they refer to', () => {
    const catalogue = readCatalogue(document);
    expect(entry(catalogue, 'pet.adopted')).toEqual({
      description: 'A pet has a home.',
      schema: {
        type: 'object',
        required: ['name'],
        properties: { name: { $ref: '#/$defs/Name' }, $ref: { const: { $ref: 'data' } } },
        $defs: { Name: { type: 'string', pattern: '^[A-Z]' } },
      },
      example: { name: 'Rex' },
      archived: false,
    });
    expect(entry(catalogue, 'pet.lost')).toMatchObject({ description: 'A pet is gone.', archived: true });
    expect(catalogue.unreadable).toEqual([{ name: 'pet.asked', reason: 'has neither a post nor a put' }]);
  });

  it('whose body is the one that Tidings sends give the schema of its data', () => {
    const wrapped = entry(readCatalogue(document), 'pet.wrapped');
    expect(wrapped).toMatchObject({ schema: { required: ['name'] }, example: { name: 'Rex' } });
    expect(
      imported({ ...readCatalogue(document), entries: readCatalogue(document).entries.slice(0, 1) }),
    ).toEqual(['pet.adopted']);
  });
});

describe('the messages of an AsyncAPI document', () => {
  const components = {
    messages: {
      signedUp: {
        name: 'user.signed_up',
        summary: 'A user signed up.',
        payload: { $ref: '#/components/schemas/user' },
        examples: [{ payload: { id: 1 } }],
      },
      gone: { payload: { type: 'object' } },
      binary: { name: 'user.binary', schemaFormat: 'application/vnd.apache.avro', payload: {} },
    },
    schemas: { user: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } } },
  };
  const user = {
    description: 'A user signed up.',
    schema: components.schemas.user,
    example: { id: 1 },
    archived: false,
  };

  it('2.x become event types, by name, else by address', () => {
    const catalogue = readCatalogue({
      asyncapi: '2.6.0',
      channels: {
        'user/signedup': { subscribe: { message: { $ref: '#/components/messages/signedUp' } } },
        'user/gone': { publish: { message: { $ref: '#/components/messages/gone' } } },
        'user/many': {
          publish: {
            message: {
              oneOf: [{ $ref: '#/components/messages/signedUp' }, { $ref: '#/components/messages/binary' }],
            },
          },
        },
        'user/{id}': { publish: { message: { payload: {} } } },
        'user/none': {},
      },
      components,
    });
    expect(imported(catalogue)).toEqual(['user.signed_up', 'user.gone']);
    expect(entry(catalogue, 'user.signed_up')).toEqual(user);
    expect(catalogue.unreadable).toEqual([
      { name: 'user.binary', reason: expect.stringContaining('avro') as string },
      { name: 'user/{id}', reason: 'has no name that could be an event type' },
      { name: 'user/none', reason: 'is a channel without a message' },
    ]);
  });

  it('3.x become event types, by name, else by address, else by key', () => {
    const catalogue = readCatalogue({
      asyncapi: '3.0.0',
      channels: {
        users: {
          address: 'users',
          messages: {
            signedUp: { $ref: '#/components/messages/signedUp' },
            moved: {
              payload: {
                schemaFormat: 'application/schema+json;version=draft-07',
                schema: { type: 'object' },
              },
            },
          },
        },
        gone: { address: 'user.gone', messages: { gone: { $ref: '#/components/messages/gone' } } },
        lost: { address: 'lost', messages: { lost: { $ref: '#/components/messages/none' } } },
      },
      components,
    });
    expect(imported(catalogue)).toEqual(['user.signed_up', 'moved', 'user.gone']);
    expect(entry(catalogue, 'user.signed_up')).toEqual(user);
    expect(entry(catalogue, 'moved')).toMatchObject({ schema: { type: 'object' } });
    expect(catalogue.unreadable).toHaveLength(1);
  });
});
