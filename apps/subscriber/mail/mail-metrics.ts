import { Counter, type Registry } from 'prom-client';

export type MailOutcome = 'sent' | 'failed' | 'given_up';

/** Counts mails to tenants' contacts. */
export function mailMetrics(registry: Registry): (outcome: MailOutcome) => void {
  const mails = new Counter({
    name: 'tidings_mails_total',
    help: 'Attempts to send a mail to the contacts of a tenant, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return (outcome) => mails.inc({ outcome });
}
