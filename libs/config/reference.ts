import { z } from 'zod';
import { environmentSchema } from './schema.js';

interface Shown {
  description?: string;
  default?: unknown;
  secret?: boolean;
}

/** The reference of all variables, Markdown, as docs/config.md holds it. */
export function configReference(): string {
  const rows = Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const {
      description = '',
      secret = false,
      ...shown
    } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shown;
    return `| \`${name}\` | ${defaultOf(shown.default)} | ${description}${secret ? ' Secret: never logged.' : ''} |`;
  });
  return [
    '# Configuration',
    '',
    'Every app reads its configuration from the environment, once, at its start; what cannot be understood is refused with the variable named. `npm run docs:config` writes this page from `libs/config/schema.ts`.',
    '',
    '| variable | default | meaning |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function defaultOf(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``;
  return `\`${String(value)}\``;
}
