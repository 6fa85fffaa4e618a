import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';

const key = {
  id: 'key_01kfw3v2m0w5tq8h3d6n9r4c7e',
  name: 'checkout service',
  role: 'publisher',
  tenant: 'acme',
  expires_at: '2027-01-31T12:00:00.000Z',
  last_used_at: null,
  revoked_at: null,
  created_at: '2026-01-31T12:00:00.000Z',
};

export const keyPaths: PathExamples = { id: key.id };

export const keyNotes: OperationNotes = {
  'Keys.create': {
    id: 'createKey',
    versioned: true,
    summary: 'Create a key',
    body: { name: 'checkout service', role: 'publisher', expires_at: '2027-01-31T12:00:00Z' },
    answer: { ...key, key: 'tdg_01kfw3v2m0w5tq8h3d6n9r4c7e_<the secret part>' },
  },
  'Keys.list': { id: 'listKeys', summary: 'List keys', answer: { data: [key], next_cursor: null } },
  'Keys.read': { id: 'readKey', versioned: true, summary: 'Read a key', answer: key },
  'Keys.revoke': { id: 'revokeKey', summary: 'Revoke a key' },
};
