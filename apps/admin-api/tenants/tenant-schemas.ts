import { z } from 'zod';
import { isTenantId } from '#bus';
import {
  DEFAULT_TIMEOUT_SECONDS,
  isMailAddress,
  OWNERSHIP_CHECKS,
  PLAIN_TENANT,
  TENANT_LIMITS,
  WEBHOOK_LIMITS,
} from '#domain';
import { pageOf } from '../http/page.js';
import { retryFields } from '../webhooks/webhook-fields.js';
import { retryPolicy } from '../webhooks/webhook-schemas.js';

const L = TENANT_LIMITS;
const { min: shortest, max: longest } = WEBHOOK_LIMITS.timeout_seconds;

const whole = ({ min, max }: { min: number; max: number }) => z.int().min(min).max(max);

const autoDisableFields = {
  failing_for_hours: whole(L.auto_disable.failing_for_hours)
    .nullable()
    .describe('Webhooks that did nothing but fail for so long; null for not at all.'),
  idle_days: whole(L.auto_disable.idle_days)
    .nullable()
    .describe('Webhooks that no event came for in so long; null for not at all.'),
};
const autoDisableNote = 'Which webhooks are to be disabled; null for none.';

const fields = {
  name: z.string().min(L.name.min).max(L.name.max).describe('For people.'),
  max_webhooks: whole(L.max_webhooks).nullable().describe('Webhooks at most; null for any number.'),
  max_deliveries_per_hour_per_webhook: whole(L.max_deliveries_per_hour_per_webhook)
    .nullable()
    .describe('Deliveries of each webhook at most; null for any number.'),
  retention_days: whole(L.retention_days)
    .nullable()
    .describe(
      'How long the record of its events is kept; null for no end of its own. Kept, and not obeyed in this version.',
    ),
  auto_disable: z
    .strictObject({
      failing_for_hours: autoDisableFields.failing_for_hours.default(null),
      idle_days: autoDisableFields.idle_days.default(null),
    })
    .nullable()
    .describe(autoDisableNote),
  strict_event_types: z
    .boolean()
    .describe('Refuse events of unknown types, and those that do not fit the schema of their type.'),
  ownership_check: z
    .enum(OWNERSHIP_CHECKS)
    .nullable()
    .describe(
      'How receivers are asked before anything is sent to a URL that is saved from now on: `handshake` of CloudEvents, or `challenge`; null for not at all.',
    ),
  contacts: z
    .array(z.string().refine(isMailAddress, 'must be an e-mail address such as ops@example.com'))
    .max(L.contacts.max)
    .describe(
      'E-mail addresses of who is told when its webhooks are in trouble, where the installation sends e-mail.',
    ),
  timeout_seconds: z.int().min(shortest).max(longest).describe('Of webhooks that are created without one.'),
};

const retryNote = 'Of webhooks that are created without one, field by field.';

/** A whole tenant: what was left out gets its default. */
export const tenantDefinition = z
  .strictObject({
    ...fields,
    max_webhooks: fields.max_webhooks.default(PLAIN_TENANT.max_webhooks),
    max_deliveries_per_hour_per_webhook: fields.max_deliveries_per_hour_per_webhook.default(
      PLAIN_TENANT.max_deliveries_per_hour_per_webhook,
    ),
    retention_days: fields.retention_days.default(PLAIN_TENANT.retention_days),
    auto_disable: fields.auto_disable.default(PLAIN_TENANT.auto_disable),
    strict_event_types: fields.strict_event_types.default(PLAIN_TENANT.strict_event_types),
    ownership_check: fields.ownership_check.default(PLAIN_TENANT.ownership_check),
    contacts: fields.contacts.default(PLAIN_TENANT.contacts),
    timeout_seconds: fields.timeout_seconds.default(DEFAULT_TIMEOUT_SECONDS),
    retry: retryPolicy.prefault({}).describe(retryNote),
  })
  .meta({ id: 'TenantDefinition' });

export type WantedTenant = z.output<typeof tenantDefinition>;

export const newTenant = tenantDefinition
  .extend({
    id: z
      .string()
      .refine(isTenantId, 'must be 1 to 64 letters, digits, _ or -')
      .describe('Chosen by you: the second token of the NATS subject. Never given twice.'),
  })
  .meta({ id: 'NewTenant' });
export type NewTenant = z.output<typeof newTenant>;

/** A JSON merge patch: null puts a field back to its default. */
export const tenantPatch = z
  .strictObject({
    ...fields,
    auto_disable: z
      .strictObject(autoDisableFields)
      .partial()
      .nullable()
      .describe(`Merged. ${autoDisableNote}`),
    strict_event_types: fields.strict_event_types.nullable(),
    contacts: fields.contacts.nullable(),
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
  .partial()
  .meta({ id: 'TenantPatch' });
export type TenantPatch = z.output<typeof tenantPatch>;

const time = z.iso.datetime({ precision: 3 });

export const tenantView = z
  .object({
    id: z.string(),
    ...fields,
    retry: z.object(retryFields).describe(retryNote),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Tenant' });
export type TenantView = z.output<typeof tenantView>;

export const tenantPage = pageOf(tenantView);
