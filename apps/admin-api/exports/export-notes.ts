import type { OperationNotes } from '../openapi/operation-note.js';

const CURSOR = 'WyJleHBvcnQuZGVsaXZlcmllcyIsImRsdl8wMSJd';

/** The same line in both formats. */
function lines(members: Record<string, string | number | null>): Record<string, string> {
  const line = { cursor: CURSOR, ...members };
  return {
    'application/x-ndjson': `${JSON.stringify(line)}\n`,
    'text/csv': `${Object.keys(line).join(',')}\r\n${Object.values(line).join(',')}\r\n`,
  };
}

export const exportNotes: OperationNotes = {
  'Exports.events': {
    id: 'exportEvents',
    summary: 'Export events with their payloads',
    answersByType: lines({ id: 'order-4711-paid', type: 'order.paid', status: 'accepted', match_count: 1 }),
  },
  'Exports.deliveries': {
    id: 'exportDeliveries',
    summary: 'Export deliveries',
    answersByType: lines({
      id: 'dlv_01kfw3v2m0w5tq8h3d6n9r4c7e',
      event_id: 'order-4711-paid',
      status: 'success',
      attempt_count: 1,
    }),
  },
  'Exports.attempts': {
    id: 'exportAttempts',
    summary: 'Export attempts with what was sent and answered',
    answersByType: lines({
      id: 'att_01kfw3v2m0w5tq8h3d6n9r4c7e',
      delivery_id: 'dlv_01kfw3v2m0w5tq8h3d6n9r4c7e',
      number: 1,
      trigger: 'auto',
    }),
  },
};
