import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '..', '..');

export type App = 'admin-api' | 'subscriber' | 'dispatcher';
export const APPS: readonly App[] = ['admin-api', 'subscriber', 'dispatcher'];

/** A metric as its source declares it. */
export interface DeclaredMetric {
  name: string;
  kind: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: string[];
  apps: readonly App[];
  file: string;
}

/** Who has the metrics that a file of libs/ declares; all have those of the others. */
const SHARED: Record<string, readonly App[]> = {
  'stream-metrics.ts': ['admin-api', 'subscriber'],
  'database-metrics.ts': ['admin-api', 'subscriber'],
};

/**
 * All metrics, read from the source: every object literal with a `name` that begins with `tidings_` and a `help` is
 * one. So both, and `labelNames`, are to be written out where the metric is made.
 */
export function metricsInSource(): DeclaredMetric[] {
  const files = ['apps', 'libs'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .map((file) => join(folder, file)),
  );
  return files.flatMap(metricsOfFile).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function metricsOfFile(file: string): DeclaredMetric[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  if (!text.includes("'tidings_")) return [];
  const found: DeclaredMetric[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const name = textOf(node, 'name');
      const help = textOf(node, 'help');
      if (name?.startsWith('tidings_') && help !== undefined)
        found.push({ name, help, kind: kindOf(node), labels: labelsOf(node), apps: appsOf(file), file });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

function member(node: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const property of node.properties)
    if (ts.isPropertyAssignment(property) && property.name.getText() === name) return property.initializer;
  return undefined;
}

function textOf(node: ts.ObjectLiteralExpression, name: string): string | undefined {
  const value = member(node, name);
  return value && ts.isStringLiteralLike(value) ? value.text : undefined;
}

function labelsOf(node: ts.ObjectLiteralExpression): string[] {
  const value = member(node, 'labelNames');
  if (!value) return [];
  const list = ts.isAsExpression(value) ? value.expression : value;
  if (!ts.isArrayLiteralExpression(list)) throw new Error(`${node.getText()}: labelNames is no list`);
  return list.elements.map((label) => (label as ts.StringLiteral).text);
}

/** What reads a gauge when it is asked for (readGauge) makes no Counter and no Histogram. */
function kindOf({ parent }: ts.Node): DeclaredMetric['kind'] {
  const made = ts.isNewExpression(parent) ? parent.expression.getText() : 'Gauge';
  return made.toLowerCase() as DeclaredMetric['kind'];
}

function appsOf(file: string): readonly App[] {
  const [folder, app = '', ...rest] = file.split('/');
  if (folder === 'apps') return [app as App];
  return SHARED[rest.at(-1) ?? ''] ?? APPS;
}
