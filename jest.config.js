/**
 * Every test but the long ones. Unit specs live beside their source; the
 * ending of a spec's name says what it costs: `.unit` nothing, `.int` one real
 * server, `.e2e` the whole system.
 */
export const base = {
  rootDir: import.meta.dirname,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '@swc/jest' },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironment: 'node',
  // The condition `source` makes `#domain` mean libs/domain/index.ts, as in tsconfig.json.
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tidings/'],
};

export default {
  ...base,
  setupFiles: ['<rootDir>/test/repeatable-properties.ts'],
  testMatch: ['<rootDir>/{apps,libs,test}/**/*.{unit,int,e2e}.spec.ts'],
  testTimeout: 30_000,
  maxWorkers: 2,
};
