import type { Fault } from '../fault.js';
import { OWNERSHIP_CHECKS } from '../webhook/ownership.js';
import { isPlainText, retryFaults, WEBHOOK_LIMITS } from '../webhook/webhook-limits.js';
import { isMailAddress } from './mail-address.js';
import type { TenantDefinition } from './tenant.js';

/** The bounds of a tenant's fields, both ends included. */
export const TENANT_LIMITS = {
  name: { min: 1, max: 200 },
  max_webhooks: { min: 0, max: 1_000_000 },
  max_deliveries_per_hour_per_webhook: { min: 1, max: 100_000_000 },
  retention_days: { min: 1, max: 3_650 },
  contacts: { min: 0, max: 20 },
  auto_disable: {
    failing_for_hours: { min: 1, max: 8_760 },
    idle_days: { min: 1, max: 3_650 },
  },
} as const;

function isWhole(value: number, { min, max }: { min: number; max: number }): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

type Limit = readonly [path: string, value: number | null, bounds: { min: number; max: number }];

function limitsOf(tenant: TenantDefinition): Limit[] {
  const { auto_disable: automatic, ...limits } = TENANT_LIMITS;
  const plain = (['max_webhooks', 'max_deliveries_per_hour_per_webhook', 'retention_days'] as const).map(
    (field): Limit => [field, tenant[field], limits[field]],
  );
  const { auto_disable } = tenant;
  if (!auto_disable) return plain;
  return [
    ...plain,
    ...(['failing_for_hours', 'idle_days'] as const).map((field): Limit => [
      `auto_disable.${field}`,
      auto_disable[field],
      automatic[field],
    ]),
  ];
}

function contactFaults(contacts: string[]): Fault[] {
  const { max } = TENANT_LIMITS.contacts;
  if (contacts.length > max)
    return [{ path: 'contacts', message: `must be ${max} addresses at most, but are ${contacts.length}` }];
  return contacts.flatMap((contact, i) => {
    const path = `contacts.${i}`;
    if (!isMailAddress(contact))
      return [{ path, message: 'must be an e-mail address such as ops@example.com' }];
    return contacts.indexOf(contact) < i ? [{ path, message: 'is given twice' }] : [];
  });
}

/** What is wrong with a definition, nothing when it is sound. */
export function tenantFaults(tenant: TenantDefinition): Fault[] {
  const faults = retryFaults(tenant.retry);
  const { name } = TENANT_LIMITS;
  const { timeout_seconds: timeout } = WEBHOOK_LIMITS;
  if (tenant.name.length < name.min || tenant.name.length > name.max)
    faults.push({ path: 'name', message: `must be from ${name.min} to ${name.max} characters` });
  if (!isPlainText(tenant.name))
    faults.push({ path: 'name', message: 'must hold no control characters and no broken Unicode' });
  for (const [path, value, bounds] of limitsOf(tenant))
    if (value !== null && !isWhole(value, bounds))
      faults.push({
        path,
        message: `must be a whole number from ${bounds.min} to ${bounds.max}, or null, but is ${value}`,
      });
  if (tenant.auto_disable?.failing_for_hours === null && tenant.auto_disable.idle_days === null)
    faults.push({ path: 'auto_disable', message: 'must say failing_for_hours or idle_days, or be null' });
  if (tenant.ownership_check !== null && !OWNERSHIP_CHECKS.includes(tenant.ownership_check))
    faults.push({ path: 'ownership_check', message: `must be ${OWNERSHIP_CHECKS.join(' or ')}, or null` });
  faults.push(...contactFaults(tenant.contacts));
  if (!isWhole(tenant.timeout_seconds, timeout))
    faults.push({
      path: 'timeout_seconds',
      message: `must be a whole number from ${timeout.min} to ${timeout.max}`,
    });
  return faults;
}
