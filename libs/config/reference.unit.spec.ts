import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { configReference } from './reference.js';

it('docs/config.md is what the schema says', async () => {
  const page = await format(configReference(), { parser: 'markdown', singleQuote: true, printWidth: 110 });
  if (process.env.WRITE_CONFIG_REFERENCE) writeFileSync('docs/config.md', page);
  expect(readFileSync('docs/config.md', 'utf8')).toBe(page);
});
