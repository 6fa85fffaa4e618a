import type { OperationNotes } from '../openapi/operation-note.js';

export const systemNotes: OperationNotes = {
  'System.read': {
    id: 'readSystem',
    summary: 'Read how Tidings as a whole fares',
    answer: {
      away: [],
      versions: { tidings: '0.1.0', node: '24.11.1', nats: '2.14.0', postgres: '18.1' },
      lag: { routing_seconds: 0, projection_seconds: 0.031, relay_seconds: 0 },
      queue: { ready: 12, lane: 40, later: 3 },
      replicas: {
        dispatchers: [
          {
            id: 'key_01jd6p9k4q8w5n2m7x0v3c1b6z',
            leaving: false,
            announced_at: '2026-01-31T12:00:00.000Z',
            partitions: 64,
          },
        ],
        partitions: 64,
        partitions_without_home: 0,
      },
      store: { bytes: 1_400_000_000, max_bytes: null },
      streams: [
        {
          name: 'EVENTS',
          messages: 120_000,
          bytes: 91_000_000,
          first_sequence: 1,
          last_sequence: 120_000,
          first_at: '2026-01-24T12:00:00.000Z',
          last_at: '2026-01-31T12:00:00.000Z',
          max_age_seconds: 604_800,
          max_bytes: null,
        },
      ],
      consumers: [
        {
          name: 'projections',
          stream: 'JOURNAL',
          pending: 0,
          ack_pending: 2,
          redelivered: 0,
          lag_seconds: 0.031,
        },
      ],
      relay: { sequence: 4_210, moved_at: '2026-01-31T11:58:12.000Z', waiting: 0, lag_seconds: 0 },
      database: {
        bytes: 910_000_000,
        tables: [{ name: 'attempts', partitions: 33, bytes: 610_000_000 }],
      },
      jobs: { pending: 0, running: 1 },
    },
  },
};
