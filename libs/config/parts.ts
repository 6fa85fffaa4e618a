import type { Config } from './schema.js';

/** How the streams are to be made, as #bus wants it. */
export function topologyOf(config: Config) {
  return {
    dedupWindowSeconds: config.TIDINGS_DEDUP_WINDOW_SECONDS,
    eventsMaxAgeHours: config.TIDINGS_EVENTS_MAX_AGE_HOURS,
    journalMaxAgeHours: config.TIDINGS_JOURNAL_MAX_AGE_HOURS,
    replicas: config.TIDINGS_NATS_REPLICAS,
  };
}

/** Where webhooks may go, as #egress wants it. */
export function egressOf(config: Config) {
  return {
    allow: config.TIDINGS_EGRESS_ALLOW,
    http: config.TIDINGS_EGRESS_HTTP,
    ports: config.TIDINGS_EGRESS_PORTS,
  };
}
