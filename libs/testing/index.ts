export * from './start-postgres.js';
export * from './start-nats.js';
export * from './wait-for.js';
