import { base } from './jest.config.js';

/** The long tests: they kill processes under load and take minutes. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/chaos/**/*.chaos.spec.ts'],
  testTimeout: 900_000,
};
