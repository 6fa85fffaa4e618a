import fc from 'fast-check';
import { compileFormat } from '#payload';
import { newWebhook } from '../../webhooks/webhook-schemas.js';
import { fillTemplate } from '../fill-template.js';
import { DIRECTORY } from './directory.js';

function rendered(id: string, data: string, type = 'order.created'): string {
  const template = DIRECTORY.get(id)!;
  const values = Object.fromEntries(template.fields.map(({ name, example }) => [name, example]));
  const { webhook } = fillTemplate(template, values);
  const { format } = newWebhook.parse({ name: 'x', event_types: ['*'], ...webhook });
  return compileFormat(format)
    .render({
      ...{ id: 'evt_1', type, timestamp: '2026-11-23T10:00:00.250Z', metadata: null, tenant: 'default' },
      ...{ webhook_id: 'wh_1', delivery_id: 'dlv_1', attempt: 1, data: Buffer.from(data) },
    })
    .body.toString();
}

describe('what a ready-made webhook sends', () => {
  it.each([...DIRECTORY.keys()])('is JSON for any event, and all of it, by %s', (id) => {
    fc.assert(
      fc.property(fc.json(), (data) => {
        const body = rendered(id, data);
        JSON.parse(body);
        expect(body).not.toMatch(/<<[a-z_]+>>/);
      }),
    );
  });

  it('is what PagerDuty takes, whatever the data say', () => {
    const said = fc.oneof(fc.string(), fc.string({ minLength: 2_000, maxLength: 3_000 }), fc.jsonValue());
    const data = fc.dictionary(fc.constantFrom('summary', 'message', 'severity', 'source', 'x'), said);
    fc.assert(
      fc.property(fc.oneof(data, fc.jsonValue()), (value) => {
        const body = JSON.parse(rendered('pagerduty', JSON.stringify(value))) as Record<string, unknown> & {
          payload: { summary: string; source: string; severity: string };
        };
        expect(body).toMatchObject({
          routing_key: expect.stringMatching(/^\w{32}$/) as string,
          dedup_key: 'evt_1',
        });
        expect(body.payload.summary.length).toBeLessThanOrEqual(1_024);
        expect(body.payload.severity).toMatch(/^(critical|error|warning|info)$/);
        expect(body.payload).toMatchObject({ custom_details: { data: value } });
      }),
    );
    expect(rendered('pagerduty', '{"severity":"critical","summary":"Disk full"}')).toMatch(
      /"Order created: Disk full"[^]*"severity": "critical"/,
    );
  });

  it('is what GitHub takes: an event type of 100 characters, and ten members at most', () => {
    const members = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`m${i}`, i]));
    const body = rendered('github-dispatch', JSON.stringify(members), `order.${'x'.repeat(190)}`);
    const { event_type, client_payload } = JSON.parse(body) as { event_type: string; client_payload: object };
    expect(event_type).toHaveLength(100);
    expect(Object.keys(client_payload).length).toBeLessThanOrEqual(10);
  });
});
