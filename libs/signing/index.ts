export * from './standard-webhooks.js';
export * from './keyring.js';
