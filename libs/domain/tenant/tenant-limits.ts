import type { Fault } from '../fault.js';
import { isPlainText, retryFaults, WEBHOOK_LIMITS } from '../webhook/webhook-limits.js';
import type { TenantDefinition } from './tenant.js';

/** The bounds of a tenant's fields, both ends included. */
export const TENANT_LIMITS = {
  name: { min: 1, max: 200 },
  max_webhooks: { min: 0, max: 1_000_000 },
} as const;

function isWhole(value: number, { min, max }: { min: number; max: number }): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

/** What is wrong with a definition, nothing when it is sound. */
export function tenantFaults(tenant: TenantDefinition): Fault[] {
  const faults = retryFaults(tenant.retry);
  const { name, max_webhooks: most } = TENANT_LIMITS;
  const { timeout_seconds: timeout } = WEBHOOK_LIMITS;
  if (tenant.name.length < name.min || tenant.name.length > name.max)
    faults.push({ path: 'name', message: `must be from ${name.min} to ${name.max} characters` });
  if (!isPlainText(tenant.name))
    faults.push({ path: 'name', message: 'must hold no control characters and no broken Unicode' });
  if (tenant.max_webhooks !== null && !isWhole(tenant.max_webhooks, most))
    faults.push({ path: 'max_webhooks', message: `must be a whole number up to ${most.max}, or null` });
  if (!isWhole(tenant.timeout_seconds, timeout))
    faults.push({
      path: 'timeout_seconds',
      message: `must be a whole number from ${timeout.min} to ${timeout.max}`,
    });
  return faults;
}
