import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { startReceiver, startStandalone, waitFor, type Receiver, type RunningStandalone } from '#testing';

interface Shown {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}
interface Preview {
  request: Shown | null;
  curl: string;
  receives: boolean;
  reason: string | null;
}

const run = promisify(execFile);

describe('a preview', () => {
  let system: RunningStandalone;
  let receiver: Receiver;
  let hook: { id: string; secret: string };

  beforeAll(async () => {
    system = await startStandalone();
    receiver = await startReceiver();
    const created = await system.api<typeof hook>('POST', '/webhooks', {
      ...{ name: 'previewed', url: `${receiver.url}/hook`, event_types: ['order.*'] },
      auth: { type: 'bearer', token: "it's a $TOKEN" },
      format: {
        body: '{"text":"It\'s {{data.name}}","all":{{data}},"by":{{metadata.by}}}',
        headers: { 'X-Type': '{{type | title}}' },
      },
    });
    expect(created.status).toBe(201);
    hook = created.body;
  }, 120_000);

  afterAll(async () => {
    await system?.stop();
    await receiver?.stop();
  });

  const preview = async (body: object) => {
    const answer = await system.api<Preview>('POST', `/webhooks/${hook.id}/preview`, body);
    expect(answer.status).toBe(200);
    return answer.body;
  };

  it('of a real event is the request that was sent, but for the time', async () => {
    const event = { type: 'order.paid', data: { name: 'Zoë', id: 7 }, metadata: { by: 'me' } };
    const { body } = await system.api<{ id: string }>('POST', '/events', event);
    const sent = await waitFor(() => {
      const [first] = receiver.to('/hook');
      expect(first).toBeDefined();
      return first!;
    }, 15_000);
    let shown: Preview | undefined;
    // The record is a moment behind.
    await waitFor(async () => (shown = await preview({ event_id: body.id })));
    const { request, receives } = shown!;
    expect(receives).toBe(true);
    expect(request?.body).toBe(sent.body.toString());
    expect(sent.headers).toMatchObject({
      'x-type': request?.headers['X-Type'],
      'webhook-id': request?.headers['webhook-id'],
      'x-tidings-delivery-id': request?.headers['X-Tidings-Delivery-Id'],
    });
    new StandardWebhook(hook.secret).verify(request?.body ?? '', request?.headers ?? {});
    expect(JSON.stringify(shown)).not.toContain('$TOKEN');
  }, 30_000);

  it('has a curl line that makes that request', async () => {
    const before = receiver.to('/hook').length;
    const { curl } = await preview({ event_type: 'order.paid', data: { name: `"quoted" & 'so'\n` } });
    const env = { ...process.env, TIDINGS_AUTHORIZATION: "it's a $TOKEN" };
    await run('sh', ['-c', `${curl} --silent --fail --noproxy '*'`], { env }).catch((error: unknown) => {
      if (!/curl: not found/.test(String(error))) throw error;
      process.stderr.write('There is no curl here: its line is not run.\n');
    });
    const [sent] = receiver.to('/hook').slice(before);
    if (sent === undefined) return;
    expect(sent.headers.authorization).toBe("Bearer it's a $TOKEN");
    new StandardWebhook(hook.secret).verify(sent.body.toString(), sent.headers as Record<string, string>);
  });

  it('says whether the webhook would get such an event, and shows what it would get anyhow', async () => {
    const shown = await preview({ event_type: 'task.done', data: {} });
    expect(shown).toMatchObject({ receives: false, reason: 'event_type', request: { method: 'POST' } });
  });

  it('of a transform shows before and after, without a webhook', async () => {
    const transform =
      'function transform(event) { console.log(event.type); return { body: [event.data.n * 2] }; }';
    const answer = await system.api('POST', '/transforms/try', {
      transform,
      event_type: 'a.b',
      data: { n: 21 },
    });
    expect([answer.status, answer.body]).toMatchObject([
      200,
      {
        before: { body: expect.stringMatching(/"data":{"n":21}}$/) as string },
        after: { body: '[42]' },
        ...{ dropped: false, error: null, console: [{ level: 'log', text: 'a.b' }] },
      },
    ]);
    const failed = await system.api('POST', '/transforms/try', {
      transform: 'function transform() { x(); }',
    });
    expect([failed.status, failed.body]).toMatchObject([
      200,
      { after: null, error: { kind: 'transform', message: expect.stringMatching(/line 1/) as string } },
    ]);
  });

  it('has every built-in format on offer with a sample', async () => {
    const { body } = await system.api<{ data: { name: string; body: string }[] }>('GET', '/formats');
    expect(body.data.map(({ name }) => name)).toContain('notely');
    for (const format of body.data) JSON.parse(format.body);
  });
});
