import { readFileSync } from 'node:fs';
import { BUILT_IN_FORMATS, type CustomFormat } from '#domain';
import { compileFormat } from './compile-format.js';
import { formatTemplateFaults } from './format-template-faults.js';
import { FILTERS } from './template/filters/all-filters.js';
import { ROOTS } from './template/scope.js';
import { payloadEvent } from './testing/payload-event-for-tests.js';

const document = readFileSync(new URL('../../docs/payloads.md', import.meta.url), 'utf8');

describe('docs/payloads.md', () => {
  it('names every format, filter and root of a path', () => {
    const names = [...BUILT_IN_FORMATS, ...Object.keys(FILTERS), ...ROOTS];
    expect(names.filter((name) => !new RegExp(`\`${name}[\`:]`).test(document))).toEqual([]);
  });

  it('has a format as its example that renders to what it says', () => {
    const [, example = ''] = /### A format of your own\n\n```json\n(.*?)```/s.exec(document) ?? [];
    const format = JSON.parse(example) as CustomFormat;
    expect(formatTemplateFaults(format)).toEqual([]);
    const data = '{"id":12345678901234567890,"customer":{"name":"Zoë \\"Z\\""},"total":1.50}';
    const { headers, body } = compileFormat(format).render(payloadEvent({ data }));
    expect(headers).toEqual({ 'Content-Type': 'application/json', 'X-Event': 'order.created' });
    expect(body.toString()).toBe(`{"text": "Order 12345678901234567890 of Zoë \\"Z\\"", "order": ${data}}`);
  });
});
