import { z } from 'zod';
import { deeperThan, EVENT_TYPE_LIMITS, isEventType } from '#domain';
import { pageFields, pageOf } from '../http/page.js';
import { queryText } from '../http/query-fields.js';

/** Whatever walks over a value later may recurse: deeper ones are refused here. */
const MAX_DEPTH = 100;
const shallow = (value: unknown) => !deeperThan(value, MAX_DEPTH);
const TOO_DEEP = `must not be deeper than ${MAX_DEPTH} levels`;

const name = z.string().refine(isEventType, 'must be an event type such as task.completed');
const fields = {
  description: z.string().max(EVENT_TYPE_LIMITS.description),
  schema: z
    .union([z.boolean(), z.record(z.string(), z.unknown())])
    .refine(shallow, TOO_DEEP)
    .nullable()
    .describe('JSON Schema 2020-12 of the data; `$ref` only inside; null says nothing of it.'),
  example: z
    .unknown()
    .refine(shallow, TOO_DEEP)
    .describe('Data as such an event may carry it; it must fit the schema. Null for none.'),
  archived: z.boolean().describe('No longer to be published.'),
};

/** A whole definition: what was left out gets its default. */
export const eventTypeDefinition = z
  .strictObject({
    description: fields.description.default(''),
    schema: fields.schema.default(null),
    example: fields.example.default(null),
    archived: fields.archived.default(false),
  })
  .meta({ id: 'EventTypeDefinition' });
export type WantedEventType = z.output<typeof eventTypeDefinition>;

export const newEventType = eventTypeDefinition
  .extend({ name: name.describe('Unique in the tenant.') })
  .meta({ id: 'NewEventType' });
export type NewEventType = z.output<typeof newEventType>;

/** A JSON merge patch: null puts a field back to its default, members of schema and example are merged. */
export const eventTypePatch = z
  .strictObject({
    description: fields.description.nullable(),
    schema: fields.schema,
    example: fields.example,
    archived: fields.archived.nullable(),
  })
  .partial()
  .meta({ id: 'EventTypePatch' });
export type EventTypePatch = z.output<typeof eventTypePatch>;

export const eventTypeQuery = z.strictObject({
  ...pageFields,
  archived: z
    .enum(['true', 'false'])
    .meta({ examples: ['false'] })
    .transform((text) => text === 'true')
    .optional(),
  q: queryText
    .optional()
    .describe('Part of the name or the description, in any case.')
    .meta({ examples: ['order'] }),
});
export type EventTypeQuery = z.output<typeof eventTypeQuery>;

const time = z.iso.datetime({ precision: 3 });

export const eventTypeView = z
  .object({
    name: z.string(),
    description: fields.description,
    schema: fields.schema,
    example: fields.example,
    archived: fields.archived,
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'EventType' });
export type EventTypeView = z.output<typeof eventTypeView>;

export const eventTypePage = pageOf(eventTypeView);

export const importRequest = z
  .strictObject({
    source: z
      .record(z.string(), z.unknown())
      .describe(
        'A catalogue `{"event_types": [...]}`, an OpenAPI 3.1 document with `webhooks`, or an AsyncAPI document (2 or 3).',
      ),
    dry_run: z.boolean().default(false).describe('Says what would change, and changes nothing.'),
  })
  .meta({ id: 'ImportRequest' });
export type ImportRequest = z.output<typeof importRequest>;

/** A body in YAML is the document itself, so what else there is to say stands in the query. */
export const importQuery = z.strictObject({
  dry_run: z
    .enum(['true', 'false'])
    .meta({ examples: ['true'] })
    .default('false')
    .transform((text) => text === 'true')
    .describe('The same as in the body, for a document in YAML.'),
});
export type ImportQuery = z.output<typeof importQuery>;

export const importReport = z
  .object({
    format: z.enum(['tidings', 'openapi', 'asyncapi']),
    dry_run: z.boolean(),
    created: z.array(z.string()),
    changed: z.array(z.object({ name: z.string(), fields: z.array(z.string()) })),
    unchanged: z.array(z.string()),
    failed: z
      .array(
        z.object({ name: z.string(), errors: z.array(z.object({ path: z.string(), message: z.string() })) }),
      )
      .describe('What cannot be imported, and why; the rest is imported all the same.'),
  })
  .meta({ id: 'ImportReport' });
export type ImportReport = z.output<typeof importReport>;
