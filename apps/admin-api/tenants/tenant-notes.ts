import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';
import { retryExample } from '../webhooks/webhook-notes.js';

const settings = {
  name: 'Acme Ltd',
  max_webhooks: 100,
  max_deliveries_per_hour_per_webhook: null,
  retention_days: null,
  auto_disable: null,
  strict_event_types: false,
  ownership_check: null,
  contacts: ['ops@acme.example'],
  timeout_seconds: 30,
  retry: retryExample,
};
const tenant = {
  id: 'acme',
  ...settings,
  created_at: '2026-01-31T12:00:00.000Z',
  updated_at: '2026-01-31T12:00:00.000Z',
};

export const tenantPaths: PathExamples = { id: tenant.id };

export const tenantNotes: OperationNotes = {
  'Tenants.create': {
    id: 'createTenant',
    versioned: true,
    summary: 'Create a tenant',
    body: { id: 'acme', name: 'Acme Ltd', max_webhooks: 100 },
    answer: tenant,
  },
  'Tenants.list': {
    id: 'listTenants',
    summary: 'List tenants',
    answer: { data: [tenant], next_cursor: null },
  },
  'Tenants.read': { id: 'readTenant', versioned: true, summary: 'Read a tenant', answer: tenant },
  'Tenants.replace': {
    id: 'replaceTenant',
    versioned: true,
    summary: "Replace a tenant's settings",
    body: { name: 'Acme Ltd', max_webhooks: 100 },
    answer: tenant,
  },
  'Tenants.patch': {
    id: 'patchTenant',
    versioned: true,
    summary: "Change some of a tenant's settings",
    body: { max_webhooks: 200 },
    answer: { ...tenant, max_webhooks: 200 },
  },
  'Tenants.delete': { id: 'deleteTenant', summary: 'Delete a tenant, with all that it has' },
};
