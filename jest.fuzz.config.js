import { base } from './jest.config.js';

/** The fuzz: every operation of the API with requests made from its schemas, for about a minute. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/fuzz/**/*.fuzz.spec.ts'],
  testTimeout: 120_000,
};
