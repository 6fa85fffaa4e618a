import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

/** @returns what the commands wrote; undefined, with a message, where there is no curl */
async function shell(commands: string, env: Record<string, string>): Promise<string | undefined> {
  try {
    return (await run('sh', ['-c', commands], { env: { ...process.env, ...env } })).stdout;
  } catch (error) {
    if (!/curl: (command )?not found/.test(String(error))) throw error;
    process.stderr.write('There is no curl here: its line is not run.\n');
    return undefined;
  }
}

/** The commands of docs/payloads.md on previews: its blocks marked `sh`. */
function documented(): string[] {
  const [, section = ''] = readFileSync('docs/payloads.md', 'utf8').split('## Preview and try-out');
  return [...section.split('\n## ')[0]!.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
}

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
    const secret = { TIDINGS_AUTHORIZATION: "it's a $TOKEN" };
    const wrote = await shell(`${curl} --silent --fail --noproxy '*'`, secret);
    if (wrote === undefined) return;
    const [sent] = receiver.to('/hook').slice(before);
    expect(sent?.headers.authorization).toBe("Bearer it's a $TOKEN");
    new StandardWebhook(hook.secret).verify(sent!.body.toString(), sent!.headers as Record<string, string>);
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

  it('is had as docs/payloads.md shows it', async () => {
    const env = {
      ...{ API: `${system.apiUrl}/api/v1`, KEY: system.operatorKey, WEBHOOK: hook.id },
      ...{ no_proxy: '*', NO_PROXY: '*' },
    };
    const wrote = await Promise.all(documented().map((commands) => shell(commands, env)));
    if (wrote.includes(undefined)) return;
    const [shown, tried] = wrote.map((text) => JSON.parse(text!) as unknown);
    expect(shown).toMatchObject({
      request: { url: `${receiver.url}/orders/o-1` },
      before: { url: `${receiver.url}/hook` },
      receives: true,
    });
    expect(tried).toMatchObject({
      after: { body: expect.stringContaining('120.50') as string },
      dropped: false,
      error: null,
    });
  });

  it('has every built-in format on offer with a sample', async () => {
    const { body } = await system.api<{ data: { name: string; body: string }[] }>('GET', '/formats');
    expect(body.data.map(({ name }) => name)).toContain('notely');
    for (const format of body.data) JSON.parse(format.body);
  });
});
