export * from './start-postgres.js';
export * from './start-nats.js';
export * from './start-receiver.js';
export * from './start-standalone.js';
export * from './wait-for.js';
