import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATIONAL_EXAMPLES } from './operational-examples.js';

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'concepts.md');

describe('docs/concepts.md', () => {
  it.each(Object.entries(OPERATIONAL_EXAMPLES))('shows the data of %s as it is', async (type, data) => {
    const [, ...after] = (await readFile(DOCUMENT, 'utf8')).split(`// ${type}\n`);
    const [block = ''] = after.join('').split(/\/\/ |```/);
    expect(JSON.parse(block)).toEqual(data);
  });
});
