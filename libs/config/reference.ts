import { environmentSchema } from './schema.js';

/** The reference of all variables, Markdown, as docs/config.md holds it. */
export function configReference(): string {
  const rows = Object.entries(environmentSchema.shape).map(([name, schema]) => {
    const { description = '', secret } = schema.meta() ?? {};
    const meaning = secret === true ? `${description} Secret: never logged.` : description;
    return `| \`${name}\` | ${defaultOf(schema.safeParse(undefined).data)} | ${meaning} |`;
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

type Default = string | number | boolean | (string | number)[] | Record<string, string> | undefined;

function defaultOf(value: Default): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``;
  return typeof value === 'object' ? '' : `\`${value}\``;
}
