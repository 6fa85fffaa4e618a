export * from './schema.js';
export * from './load.js';
export * from './parts.js';
export { tlsOf } from './admin-tls.js';
export { loadSources } from './sources.js';
export * from './child-environment.js';
export { VERSION } from './version.js';
