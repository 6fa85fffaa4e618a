export * from './ids.js';
export * from './event/domain-event.js';
export * from './event/event-type.js';
export * from './event/json-members.js';
export * from './event/read-event.js';
export * from './delivery/retry-policy.js';
export * from './journal/facts.js';
export * from './webhook/routed-webhook.js';
