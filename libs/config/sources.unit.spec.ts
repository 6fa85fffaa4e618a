import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSources } from './sources.js';

const folder = mkdtempSync(join(tmpdir(), 'tidings-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));
const load = (content: unknown) => {
  const path = join(folder, 'sources.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return loadSources(path);
};
const shop = { name: 'shop', stream: 'SHOP', tenant: { token: 2 }, type: { tokens_from: 3 } };

describe('the file of sources', () => {
  it('is not needed', () => {
    expect(loadSources(undefined)).toEqual([]);
  });

  it('gives its sources, what was left out by default', () => {
    expect(load({ sources: [shop] })).toEqual([{ ...shop, filter_subjects: ['>'], start: 'new' }]);
  });

  it.each<[string, unknown, string]>([
    ['is no JSON', '{', 'cannot be read'],
    [
      'names a stream of Tidings',
      { sources: [{ ...shop, stream: 'EVENTS' }] },
      'sources.0.stream: is a stream',
    ],
    ['knows no such rule', { sources: [{ ...shop, tenant: { regex: 'x' } }] }, 'sources.0.tenant'],
    ['has a name twice', { sources: [shop, shop] }, 'sources.1.name: is used twice'],
    ['has a filter that is none', { sources: [{ ...shop, filter_subjects: ['a..b'] }] }, 'filter_subjects.0'],
    [
      'has a rule that cannot work',
      { sources: [{ ...shop, filter_subjects: ['shop.*'] }] },
      'sources.0.type: is read from token 3, but subjects of shop.* have 2',
    ],
  ])('is refused when it %s, with the place', (_title, content, message) => {
    expect(() => load(content)).toThrow(message);
  });

  it('that is not there is named', () => {
    expect(() => loadSources('/nowhere/sources.json')).toThrow('/nowhere/sources.json cannot be read');
  });
});
