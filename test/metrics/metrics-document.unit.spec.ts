import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { metricsDocument } from './metrics-document.js';
import { metricsInSource, ROOT } from './metrics-in-source.js';

const PAGE = join(ROOT, 'docs', 'metrics.md');
/** What may be told apart. A new label belongs here once it is sure that its values have an end. */
const BOUNDED = [
  ...['outcome', 'error', 'status', 'reason', 'from', 'state', 'turn', 'place', 'line', 'end', 'kind'],
  ...['stream', 'consumer', 'method', 'route', 'code', 'version', 'node'],
];
const UNITS = /(_seconds|_bytes|_total|_info)$/;

const metrics = metricsInSource();

describe('the metrics', () => {
  it('are all in docs/metrics.md, as the source says (npm run docs:metrics)', async () => {
    const page = await format(metricsDocument(metrics), { ...(await resolveConfig(PAGE)), filepath: PAGE });
    if (process.env['WRITE_METRICS']) await writeFile(PAGE, page);
    expect(await readFile(PAGE, 'utf8')).toBe(page);
  });

  it('have each its own name', () => {
    expect(metrics.length).toBeGreaterThan(40);
    const names = metrics.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it.each(metrics.map((metric) => [metric.name, metric] as const))(
    '%s is named as Prometheus would have it, and has no label without an end',
    (name, { kind, labels, help }) => {
      expect(name).toMatch(/^tidings_[a-z_]+[a-z]$/);
      expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter']);
      if (kind === 'histogram') expect(name).toMatch(UNITS);
      expect(help).toMatch(/^[A-Z0-9].*\.$/);
      expect(labels.filter((label) => !BOUNDED.includes(label))).toEqual([]);
    },
  );
});
