import { z } from 'zod';
import { DELIVERIES_READ } from '#persistence';

const time = z.iso.datetime({ precision: 3 });

export const webhookHealth = z
  .object({
    status: z.enum(['active', 'inactive', 'disabled']),
    disabled_reason: z.string().nullable().describe('Why Tidings switched it off.'),
    breaker: z
      .object({
        state: z
          .enum(['closed', 'open', 'half_open'])
          .describe('`half_open`: still open, but its next probe is due or under way.'),
        failures: z.int().nullable().describe('Failures in a row when it opened; null while it is closed.'),
        opened_at: time.nullable(),
        next_probe_at: time.nullable(),
      })
      .nullable()
      .describe('Null while NATS cannot be asked.'),
    lane: z
      .object({ length: z.int().describe('Deliveries that wait until the webhook can take them.') })
      .nullable()
      .describe('Null while NATS cannot be asked.'),
    rates: z
      .object({
        attempts_last_hour: z.int(),
        failed_last_hour: z.int(),
        success_rate_last_hour: z
          .number()
          .min(0)
          .max(1)
          .nullable()
          .describe('The share of those attempts that succeeded; null when there were none.'),
        complete: z
          .boolean()
          .describe(
            `Whether every delivery of that hour was looked at; else the newest ${DELIVERIES_READ} were.`,
          ),
      })
      .describe('From the record, tests apart.'),
    last_attempt_at: time.nullable().describe('When it ended. Tests do not count, here and below.'),
    last_success_at: time.nullable(),
    last_failure_at: time.nullable(),
    failing_since: time.nullable().describe('The first failure since the last success; null while it works.'),
  })
  .meta({ id: 'WebhookHealth' });
export type WebhookHealth = z.output<typeof webhookHealth>;
