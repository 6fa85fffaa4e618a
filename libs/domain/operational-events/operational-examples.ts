import type { OperationalData, OperationalType } from './operational-event.js';

const WEBHOOK = { webhook_id: 'wh_01kg9x2v7q5m3n8r4t6w0yzabc' };
const NOON = '2026-01-31T12:00:00.000Z';

/** What the data of each operational event looks like; docs/concepts.md shows them. */
export const OPERATIONAL_EXAMPLES: { [Type in OperationalType]: OperationalData[Type] } = {
  'tidings.webhook.disabled': {
    ...{ ...WEBHOOK, reason: 'failing', disabled_at: NOON },
    failing_since: '2026-01-28T12:00:00.000Z',
  },
  'tidings.webhook.enabled': { ...WEBHOOK, enabled_at: NOON },
  'tidings.webhook.recovered': {
    ...{ ...WEBHOOK, from: 'circuit_opened', trouble_since: '2026-01-31T11:40:00.000Z', recovered_at: NOON },
  },
  'tidings.webhook.secret_rotated': {
    ...{ ...WEBHOOK, rotated_at: NOON, previous_until: '2026-02-01T12:00:00.000Z' },
  },
  'tidings.delivery.exhausted': {
    ...{ ...WEBHOOK, delivery_id: 'dlv_01kg9x30000000000000000000' },
    ...{ event_id: 'evt_01kg9x30000000000000000000', event_type: 'order.paid', attempt_count: 4 },
    reason: 'retries_exhausted',
    last_error: { kind: 'http_status', message: 'The receiver answered 503.' },
    ...{ status_code: 503, exhausted_at: NOON },
  },
  'tidings.circuit.opened': {
    ...{ ...WEBHOOK, failures: 10, opened_at: NOON, probe_at: '2026-01-31T12:00:27.000Z' },
  },
  'tidings.circuit.closed': { ...WEBHOOK, closed_at: NOON },
};
