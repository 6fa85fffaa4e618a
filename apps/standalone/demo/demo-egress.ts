import type { Config } from '#config';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** The variables under which webhooks may call the demo's receiver: this machine, by plain http, on any port. */
export function demoEgress(config: Config): Record<string, string> {
  return {
    TIDINGS_EGRESS_ALLOW: [...new Set([...config.TIDINGS_EGRESS_ALLOW, ...LOOPBACK])].join(','),
    TIDINGS_EGRESS_HTTP: 'true',
    TIDINGS_EGRESS_PORTS: 'any',
  };
}
