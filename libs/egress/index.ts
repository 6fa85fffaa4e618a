export { AddressGuard, type EgressPolicy, type UrlVerdict } from './address-guard.js';
export { EgressClient, type Answer, type Exchanged } from './client.js';
export type { Failure } from './failure.js';
export { OutboundRequest } from './undici-adapter.js';
export type { TlsIdentity } from './tls-identity.js';
