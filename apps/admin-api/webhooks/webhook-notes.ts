import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';
import { healthNotes } from './health/health-notes.js';

export const retryExample = {
  enabled: true,
  count: 3,
  strategy: 'exponential',
  initial_delay_seconds: 1,
  factor: 2,
  max_delay_seconds: 60,
  jitter: 0.1,
  schedule_seconds: [],
};

const id = 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e';
const wanted = {
  name: 'large orders',
  url: 'https://shop.example.com/hooks/orders',
  event_types: ['order.*'],
  filter: { 'data.total': { $gte: 100 } },
  tags: ['billing'],
};
const webhook = {
  id,
  ...wanted,
  description: '',
  metadata: {},
  method: 'POST',
  status: 'active',
  disabled_reason: null,
  ownership: null,
  headers: {},
  auth: { type: 'none' },
  timeout_seconds: 30,
  retry: retryExample,
  format: 'standard',
  transform: null,
  rate_limit: null,
  concurrency: 16,
  ordered: false,
  created_at: '2026-01-31T12:00:00.000Z',
  updated_at: '2026-01-31T12:00:00.000Z',
};
const jwk = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
  use: 'sig',
  alg: 'EdDSA',
};
const secret = 'whsec_<32 bytes in base64>';

export const createdWebhookExample = { ...webhook, secret };

export const webhookPaths: PathExamples = { id, type: 'order.*', version: '1' };

export const webhookNotes: OperationNotes = {
  'Webhooks.create': {
    id: 'createWebhook',
    versioned: true,
    summary: 'Create a webhook',
    body: wanted,
    answer: createdWebhookExample,
  },
  'Webhooks.list': {
    id: 'listWebhooks',
    summary: 'List and search webhooks',
    answer: { data: [webhook], next_cursor: null },
  },
  'Webhooks.read': { id: 'readWebhook', versioned: true, summary: 'Read a webhook', answer: webhook },
  'Webhooks.replace': {
    id: 'replaceWebhook',
    versioned: true,
    summary: 'Replace a webhook, all but its secret',
    body: wanted,
    answer: webhook,
  },
  'Webhooks.patch': {
    id: 'patchWebhook',
    versioned: true,
    summary: 'Change some of a webhook',
    body: { tags: ['billing', 'eu'], filter: null },
    answer: { ...webhook, tags: ['billing', 'eu'], filter: null },
  },
  'Webhooks.delete': { id: 'deleteWebhook', summary: 'Delete a webhook' },
  'WebhookDeletions.bulkDelete': {
    id: 'deleteWebhooks',
    summary: 'Delete many webhooks, each answered for itself',
    body: { ids: [id] },
    answer: { data: [{ id, deleted: true, code: null }] },
  },
  'WebhookStatus.pause': {
    id: 'pauseWebhook',
    versioned: true,
    summary: 'Pause a webhook',
    answer: { ...webhook, status: 'inactive' },
  },
  'WebhookStatus.resume': {
    id: 'resumeWebhook',
    versioned: true,
    summary: 'Resume a webhook that was paused or disabled',
    answer: webhook,
  },
  'WebhookOwnership.verify': {
    id: 'verifyWebhook',
    versioned: true,
    summary: 'Ask the receiver of a webhook whether it wants events',
    answer: webhook,
  },
  'WebhookSecrets.rotate': {
    id: 'rotateWebhookSecret',
    versioned: true,
    summary: 'Give a webhook a new secret, the one before signing beside it for a while',
    body: { overlap_seconds: 86_400 },
    answer: { ...webhook, secret, previous_secret_until: '2026-02-01T12:00:00.000Z' },
  },
  'SigningKeys.list': {
    id: 'listSigningKeys',
    summary: 'List the public keys with which requests signed by v1a verify',
    answer: {
      data: [
        { kid: jwk.kid, algorithm: 'ed25519', public_key: 'whpk_<32 bytes in base64>', jwk, until: null },
      ],
    },
  },
  'Jwks.read': { id: 'readJwks', summary: 'The public keys of a webhook, for its receivers: needs no key' },
  'WebhookSubscriptions.list': {
    id: 'readSubscriptions',
    versioned: true,
    summary: 'Read which event types a webhook listens to',
    answer: { event_types: ['order.*'] },
  },
  'WebhookSubscriptions.subscribe': {
    id: 'subscribe',
    versioned: true,
    summary: 'Let a webhook listen to one more event type',
    body: { event_type: 'refund.*' },
    answer: { event_types: ['order.*', 'refund.*'] },
  },
  'WebhookSubscriptions.unsubscribe': {
    id: 'unsubscribe',
    versioned: true,
    summary: 'Let a webhook no longer listen to an event type',
    answer: { event_types: ['order.*'] },
  },
  'WebhookHistory.history': {
    id: 'listWebhookHistory',
    summary: 'List what was decided about a webhook, when and by whom',
    answer: {
      data: [
        {
          version: 2,
          type: 'webhook.changed',
          at: '2026-01-31T12:00:00.000Z',
          actor: 'key_01kfw3v2m0w5tq8h3d6n9r4c7e',
          data: { changes: { status: 'inactive' } },
        },
      ],
      next_cursor: null,
    },
  },
  'WebhookHistory.atVersion': {
    id: 'readWebhookVersion',
    summary: 'Read a webhook as it was at a version',
    answer: { version: 1, webhook },
  },
  ...healthNotes,
  'Tags.list': {
    id: 'listTags',
    summary: 'List the tags of all webhooks',
    answer: { data: [{ tag: 'billing', webhooks: 3 }], next_cursor: null },
  },
};
