import { z } from 'zod';
import { KEY_LIMITS, ROLES } from '#domain';
import { pageOf } from '../http/page.js';

const L = KEY_LIMITS;
const time = z.iso.datetime({ precision: 3 });

const fields = {
  name: z.string().min(L.name.min).max(L.name.max).describe('For people.'),
  role: z
    .enum(ROLES)
    .describe(
      '`viewer` reads; `publisher` publishes events and does nothing else; `admin` may do everything in its tenant; ' +
        '`operator` everything, in every tenant.',
    ),
};

export const newKey = z
  .strictObject({
    ...fields,
    expires_at: z.iso
      .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2027-01-31T12:00:00Z' })
      .nullable()
      .default(null)
      .describe('From then on it is not valid; null for never.'),
  })
  .meta({ id: 'NewKey' });
export type NewKey = z.output<typeof newKey>;

export const keyView = z
  .object({
    id: z.string(),
    ...fields,
    tenant: z.string().nullable().describe("Null for an operator's."),
    expires_at: time.nullable(),
    last_used_at: time.nullable().describe('To the minute.'),
    revoked_at: time.nullable(),
    created_at: time,
  })
  .meta({ id: 'Key' });
export type KeyView = z.output<typeof keyView>;

export const createdKeyView = keyView
  .extend({
    key: z.string().describe('Shown in this answer, and never again.'),
  })
  .meta({ id: 'CreatedKey' });

export const keyPage = pageOf(keyView);
