import { member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { invalidAt } from '../testing/webhooks-for-tests.js';
import { DIRECTORY } from './directory/directory.js';
import { fillTemplate } from './fill-template.js';
import type { WebhookTemplate } from './webhook-template.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

const PATH = '/api/v1/templates';
const exampleOf = ({ fields }: WebhookTemplate) =>
  Object.fromEntries(fields.map(({ name, example }) => [name, example]));

describe('the directory of ready-made webhooks', () => {
  it('lists each with the fields that a person fills in', async () => {
    const { json } = await api.ask('GET', PATH);
    const { data } = json as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual([...DIRECTORY.keys()]);
    expect((await api.ask('GET', `${PATH}/slack`)).json).toMatchObject({
      id: 'slack',
      fields: [{ name: 'url', required: true }],
    });
    expect((await api.ask('GET', `${PATH}/none`)).json).toMatchObject({ code: 'template_not_found' });
  });

  it.each([...DIRECTORY])('makes a webhook of %s in one call', async (id, template) => {
    const fields = exampleOf(template);
    const made = await api.ask('POST', `${PATH}/${id}/webhooks`, { fields, event_types: ['order.>'] });
    expect([made.status, made.json]).toMatchObject([
      201,
      { name: template.title, event_types: ['order.>'], secret: expect.any(String) as string },
    ]);
    const read = await api.ask('GET', `/api/v1/webhooks/${member(made, 'id')}`);
    // Whatever is secret is so from the first moment on.
    for (const field of template.fields.filter(({ secret }) => secret))
      expect(read.text).not.toContain(fields[field.name]);
  });

  it.each([...DIRECTORY])('keeps secrets of %s where webhooks keep secrets alone', (_id, template) => {
    const values = Object.fromEntries(
      template.fields.map(({ name, secret }) => [name, secret ? `secret ${name}` : name]),
    );
    const { auth, secret, ...rest } = fillTemplate(template, values).webhook;
    expect(JSON.stringify(rest)).not.toContain('secret ');
    expect([auth, secret]).toBeDefined();
  });

  it('encodes what it puts into a URL', () => {
    const template = DIRECTORY.get('github-dispatch')!;
    const { webhook } = fillTemplate(template, { owner: 'a/../b', repository: 'c?d', token: 't' });
    expect(webhook.url).toBe('https://api.github.com/repos/a%2F..%2Fb/c%3Fd/dispatches');
  });

  it.each<[string, string, object, string]>([
    ['a field that is missing', 'slack', {}, 'fields.url'],
    [
      'a field that there is not',
      'slack',
      { fields: { url: 'https://a.example.com/', colour: 'red' } },
      'fields.colour',
    ],
    ['a value that the webhook cannot have', 'slack', { fields: { url: 'no url' } }, 'fields.url'],
    [
      'a field of a webhook that there is not',
      'slack',
      { fields: { url: 'https://a.example.com/' }, colour: 'red' },
      'colour',
    ],
    [
      'a field of a webhook that is wrong',
      'slack',
      { fields: { url: 'https://a.example.com/' }, concurrency: 0 },
      'concurrency',
    ],
  ])('refuses %s', async (_title, id, body, path) => {
    const answer = await api.ask('POST', `${PATH}/${id}/webhooks`, body);
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt(path)]);
  });

  it('lets a field of the webhook go before the one of the template', async () => {
    const body = {
      fields: { url: 'https://a.example.com/x' },
      name: 'Mine',
      format: 'raw',
      rate_limit: null,
    };
    const made = await api.ask('POST', `${PATH}/slack/webhooks`, body);
    expect([made.status, made.json]).toMatchObject([201, { name: 'Mine', format: 'raw', rate_limit: null }]);
  });

  it('is read by viewers, who make nothing of it', async () => {
    const viewer = await api.ask('POST', '/api/v1/keys', { name: 'looks', role: 'viewer' });
    const headers = { authorization: `Bearer ${member(viewer, 'key')}` };
    expect((await api.ask('GET', PATH, undefined, headers)).status).toBe(200);
    const body = { fields: { url: 'https://a.example.com/y' } };
    const made = await api.ask('POST', `${PATH}/slack/webhooks`, body, headers);
    expect([made.status, made.json]).toMatchObject([403, { code: 'forbidden' }]);
  });

  it('says where a service has its key in what everybody sees', async () => {
    const { fields } = DIRECTORY.get('pagerduty')!;
    const made = await api.ask('POST', `${PATH}/pagerduty/webhooks`, {
      fields: { routing_key: 'no "key"' },
      name: 'Odd key',
    });
    expect(made.json).toMatchObject({
      format: { body: expect.stringContaining('"routing_key": "no \\"key\\""') as string },
    });
    expect(fields).toMatchObject([{ description: expect.stringMatching(/sees it/) as string }]);
  });
});
