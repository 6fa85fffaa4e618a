export { AddressGuard, type EgressPolicy, type UrlVerdict } from './address-guard.js';
export { EgressClient, type Answer, type Exchanged, type OutboundRequest } from './client.js';
export type { Failure } from './failure.js';
