import { z } from 'zod';
import { isTenantId } from '#bus';
import { DEFAULT_TIMEOUT_SECONDS, TENANT_LIMITS, WEBHOOK_LIMITS } from '#domain';
import { pageFields } from '../http/query-fields.js';
import { retryFields } from '../webhooks/webhook-fields.js';
import { retryPolicy } from '../webhooks/webhook-schemas.js';

const L = TENANT_LIMITS;
const { min: shortest, max: longest } = WEBHOOK_LIMITS.timeout_seconds;

/** We never take a limit that nothing enforces. */
const notYet = z
  .null({ error: 'is not available yet: nothing enforces it, so it can only be null' })
  .describe('Not available yet; null.');

const fields = {
  name: z.string().min(L.name.min).max(L.name.max).describe('For people.'),
  max_webhooks: z
    .int()
    .min(L.max_webhooks.min)
    .max(L.max_webhooks.max)
    .nullable()
    .describe('Webhooks at most; null for any number.'),
  max_deliveries_per_hour_per_webhook: notYet,
  retention_days: notYet,
  auto_disable: notYet,
  strict_event_types: z
    .boolean()
    .describe('Refuse events of unknown types, and those that do not fit the schema of their type.'),
  timeout_seconds: z.int().min(shortest).max(longest).describe('Of webhooks that are created without one.'),
};

const retryNote = 'Of webhooks that are created without one, field by field.';

/** A whole tenant: what was left out gets its default. */
export const tenantDefinition = z.strictObject({
  ...fields,
  max_webhooks: fields.max_webhooks.default(null),
  max_deliveries_per_hour_per_webhook: notYet.default(null),
  retention_days: notYet.default(null),
  auto_disable: notYet.default(null),
  strict_event_types: fields.strict_event_types.default(false),
  timeout_seconds: fields.timeout_seconds.default(DEFAULT_TIMEOUT_SECONDS),
  retry: retryPolicy.prefault({}).describe(retryNote),
});

export type WantedTenant = z.output<typeof tenantDefinition>;

export const newTenant = tenantDefinition.extend({
  id: z
    .string()
    .refine(isTenantId, 'must be 1 to 64 letters, digits, _ or -')
    .describe('Chosen by you: the second token of the NATS subject. Never given twice.'),
});
export type NewTenant = z.output<typeof newTenant>;

/** A JSON merge patch: null puts a field back to its default. */
export const tenantPatch = z
  .strictObject({
    ...fields,
    strict_event_types: fields.strict_event_types.nullable(),
    timeout_seconds: fields.timeout_seconds.nullable(),
    retry: z
      .strictObject(
        Object.fromEntries(
          Object.entries(retryFields).map(([name, field]) => [name, field.nullable().optional()]),
        ),
      )
      .nullable()
      .describe(retryNote),
  })
  .partial();
export type TenantPatch = z.output<typeof tenantPatch>;

export const tenantQuery = z.strictObject(pageFields);
export type TenantQuery = z.output<typeof tenantQuery>;

const time = z.iso.datetime({ precision: 3 });

export const tenantView = z.object({
  id: z.string(),
  ...fields,
  retry: z.object(retryFields).describe(retryNote),
  created_at: time,
  updated_at: time,
});
export type TenantView = z.output<typeof tenantView>;

export const tenantPage = z.object({ data: z.array(tenantView), next_cursor: z.string().nullable() });
