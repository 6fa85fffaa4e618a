export * from './ids.js';
export * from './event/domain-event.js';
export * from './event/event-type.js';
export * from './delivery/retry-policy.js';
export * from './journal/facts.js';
export * from './webhook/routed-webhook.js';
