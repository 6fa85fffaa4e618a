/** The layout's rules (docs/architecture.md), held by `npm run deps`. */
const only = (name, comment, packages, owners) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^(apps|libs)/', pathNot: [...owners, '\\.spec\\.ts$'] },
  to: { path: packages.map((name) => `node_modules/${name}/`) },
});

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'apps-stand-alone',
      comment: 'An app imports libs, never another app.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-know-no-app',
      severity: 'error',
      from: { path: '^libs/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^(apps|test|bench)/' },
    },
    {
      name: 'pure-libs',
      comment: 'domain and signing import nothing of ours and do no I/O.',
      severity: 'error',
      from: { path: '^libs/(domain|signing)/', pathNot: '\\.spec\\.ts$' },
      to: {
        path: ['^libs/', 'node_modules/@nestjs/', '^(node:)?(fs|net|http|https|child_process|dns)(/|$)'],
        pathNot: '^libs/$1/',
      },
    },
    {
      name: 'adapters-stand-apart',
      comment: 'bus, persistence and egress may know the domain, never each other.',
      severity: 'error',
      from: { path: '^libs/(bus|persistence|egress)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/', pathNot: ['^libs/$1/', '^libs/domain/'] },
    },
    {
      name: 'by-the-public-door',
      comment: 'A lib is entered through its index.ts.',
      severity: 'error',
      from: { path: '^(apps|bench)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/[^/]+/', pathNot: '^libs/[^/]+/index\\.ts$' },
    },
    only(
      'typeorm-in-persistence',
      'Only persistence imports typeorm.',
      ['typeorm', '@nestjs/typeorm'],
      ['^libs/persistence/'],
    ),
    only('nats-in-bus', 'Only bus imports @nats-io.', ['@nats-io'], ['^libs/bus/']),
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^(apps|libs)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
