export * from './standard-webhooks.js';
export * from './ed25519.js';
export * from './hmac-signature.js';
export * from './request-signer.js';
export * from './keyring.js';
export * from './key-proof.js';
