export * from './start-postgres.js';
export * from './start-nats.js';
export * from './start-receiver.js';
export * from './start-standalone.js';
export * from './wait-for.js';
export * from './read-journal.js';
export * from './webhook-for-tests.js';
export * from './client-certificate-for-tests.js';
