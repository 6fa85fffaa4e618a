import { APPS, type DeclaredMetric } from './metrics-in-source.js';

const INTRODUCTION = `# Metrics

Every app serves its metrics at \`/metrics\`, as Prometheus reads them ([where, and how to scrape](operation.md#metrics-dashboard-and-alerts)).
\`npm run docs:metrics\` writes this page from the source. All have the label \`app\`. No label has values without end:
no ids, no tenants, no addresses. Histograms end with \`_bucket\`, \`_sum\` and \`_count\`. Besides these there are those of
Node.js and the process: \`nodejs_eventloop_lag_seconds\`, \`nodejs_gc_duration_seconds\`, \`nodejs_heap_size_used_bytes\`,
\`process_cpu_seconds_total\`, \`process_resident_memory_bytes\`, \`process_open_fds\` and others.
`;

const SECTIONS: [title: string, note: string, apps: readonly string[]][] = [
  ['All apps', '', APPS],
  [
    'admin-api and subscriber',
    'What is told of streams and consumers is the same from whichever process it comes, and goes on being told when no subscriber lives any more: take the `max` over all. It is read at most every five seconds, however often a process is scraped.',
    ['admin-api', 'subscriber'],
  ],
  ['admin-api', '', ['admin-api']],
  ['subscriber', '', ['subscriber']],
  ['dispatcher', '', ['dispatcher']],
];

/** docs/metrics.md. */
export function metricsDocument(metrics: readonly DeclaredMetric[]): string {
  const sections = SECTIONS.flatMap(([title, note, apps]) => [
    `## ${title}`,
    '',
    ...(note ? [note, ''] : []),
    '| metric | kind | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...metrics.filter((metric) => metric.apps.join() === apps.join()).map(rowOf),
    '',
  ]);
  return [INTRODUCTION, ...sections].join('\n');
}

function rowOf({ name, kind, labels, help }: DeclaredMetric): string {
  return `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
}
