import { readFile } from 'node:fs/promises';
import { PROBLEMS } from './problem.js';

describe('docs/errors.md', () => {
  it('lists every code with its status, and none that there is not', async () => {
    const text = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `([a-z_]+)` +\| (\d{3}) +\|/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    const listed = Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]);
    expect(rows).toEqual(listed);
  });
});
