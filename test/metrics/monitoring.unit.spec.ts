import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse } from 'yaml';
import { metricsInSource, ROOT } from './metrics-in-source.js';

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string };
}
interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { uid: string };
  targets?: { expr: string; legendFormat: string }[];
}
interface Dashboard {
  panels: Panel[];
  templating: { list: { name: string; type: string }[] };
}

const fileOf = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const { groups } = parse(fileOf('k8s', 'monitoring', 'tidings-rules.yml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(fileOf('k8s', 'monitoring', 'tidings-dashboard.json')) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** What Prometheus and the registry add to every metric. */
const GIVEN = ['app', 'instance', 'job', 'le'];
/** By name, the labels of each series: a histogram has three. */
const known = new Map<string, readonly string[]>();
for (const { name, kind, labels } of metricsInSource())
  for (const end of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
    known.set(name + end, labels);
const standard = new Registry();
collectDefaultMetrics({ register: standard });
for (const metric of standard.getMetricsAsArray()) {
  const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: string[] };
  for (const end of ['', '_bucket', '_sum', '_count']) known.set(name + end, labelNames);
}

const metricsOf = (expr: string) => expr.match(/\b(?:tidings|nodejs|process)_\w+/g) ?? [];

/** Labels that a query names, in braces and after by and on. */
function labelsOf(expr: string): string[] {
  const selected = [...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label ?? '');
  const grouped = [...expr.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  return [...selected, ...grouped].map((label) => label.trim()).filter((label) => label !== '');
}

/** What is wrong with a query: metrics that are not there, and labels that none of its metrics has. */
function faultsOf(expr: string, shown: string[] = []): string[] {
  const metrics = metricsOf(expr);
  const labels = new Set([...GIVEN, ...metrics.flatMap((name) => known.get(name) ?? [])]);
  return [
    ...(metrics.length === 0 ? ['no metric'] : []),
    ...metrics.filter((name) => !known.has(name)),
    ...[...labelsOf(expr), ...shown].filter((label) => !labels.has(label)),
  ];
}

describe('the alert rules', () => {
  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s asks for what there is', (_, rule) => {
    const shown = [...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? '');
    expect(faultsOf(rule.expr, shown)).toEqual([]);
  });

  it('are each explained in docs/operation.md, and none is that there is not', () => {
    const explained = [...fileOf('docs', 'operation.md').matchAll(/^\| `(Tidings\w+)` +\|/gm)].map(
      ([, name]) => name,
    );
    expect(explained.sort()).toEqual(rules.map(({ alert }) => alert).sort());
    expect(new Set(explained).size).toBe(rules.length);
  });
});

describe('the dashboard', () => {
  it.each(panels.map((panel) => [panel.title, panel] as const))('%s asks for what there is', (_, panel) => {
    const faults = (panel.targets ?? []).flatMap(({ expr, legendFormat }) =>
      faultsOf(
        expr,
        [...legendFormat.matchAll(/{{\s*(\w+)\s*}}/g)].map(([, label]) => label ?? ''),
      ),
    );
    expect([panel.targets?.length === 0, faults]).toEqual([false, []]);
    expect(panel.description).toMatch(/\.$/);
  });

  it('takes its data source from a variable, and each panel has an id of its own', () => {
    expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    for (const { datasource } of panels) expect(datasource).toMatchObject({ uid: '${datasource}' });
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('shows every metric of ours', () => {
    const asked = new Set(
      panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsOf(expr))),
    );
    const base = (name: string) => [name, `${name}_bucket`, `${name}_count`];
    const missing = metricsInSource().filter(({ name }) => !base(name).some((each) => asked.has(each)));
    expect(missing.map(({ name }) => name).filter((name) => !ELSEWHERE.includes(name))).toEqual([]);
  });
});

/** What alerts ask for, or what others are compared with. */
const ELSEWHERE = [
  'tidings_deliveries_in_flight',
  'tidings_dispatcher_webhooks',
  'tidings_nats_store_max_bytes',
  'tidings_postgres_max_connections',
  'tidings_relay_working',
  'tidings_routing_webhooks',
  'tidings_stream_max_age_seconds',
  'tidings_stream_max_bytes',
  'tidings_stream_messages',
  'tidings_tls_certificate_end_timestamp_seconds',
];
