import { startReceiver } from '#testing';
import { EgressClient } from './client.js';
import { rawReceiver } from '../testing/hostile/raw-receiver.js';
import { stubbedResolver } from './testing/stubbed-resolver.js';
import { OutboundRequest } from './undici-adapter.js';

const open: EgressClient[] = [];
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

/** A client for which `127.0.0.1` is the one public address, and what its resolver was asked. */
function clientWith(answer: (name: string) => string[]) {
  const { asked, resolve } = stubbedResolver(answer);
  const client = new EgressClient({ allow: ['127.0.0.1'], http: true, ports: 'any' }, 4, { resolve });
  open.push(client);
  const send = (url: string) => client.send(new OutboundRequest('POST', url, {}, Buffer.from('{}'), 5_000));
  return { asked, send };
}

describe('a name', () => {
  it('that is public first and private then is refused then', async () => {
    const receiver = await rawReceiver((socket) =>
      socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'),
    );
    const answers = [['127.0.0.1'], ['10.0.0.1'], ['127.0.0.1']];
    const { asked, send } = clientWith(() => answers.shift() ?? []);
    const url = receiver.url.replace('127.0.0.1', 'changing.example');
    expect(await send(url)).toMatchObject({ answer: { status: 204 } });
    expect(await send(url)).toMatchObject({ failure: { kind: 'blocked_address' } });
    expect(await send(url)).toMatchObject({ answer: { status: 204 } });
    expect([asked.length, receiver.connections]).toEqual([3, 2]);
  });

  it('is looked up once for each connection: what was checked is what is connected to', async () => {
    const receiver = await startReceiver();
    // A second look-up would get the private address.
    const answers = [['127.0.0.1']];
    const { asked, send } = clientWith(() => answers.shift() ?? ['10.0.0.1']);
    expect(await send(`http://rebinding.example:${receiver.port}/`)).toMatchObject({
      answer: { status: 204 },
    });
    expect(asked).toEqual(['rebinding.example']);
    await receiver.stop();
  });

  it.each([
    ['127.0.0.1.nip.io', ['127.0.0.2']],
    ['private.example', ['10.0.0.1']],
    ['both.example', ['127.0.0.1', '10.0.0.1']],
    ['both-the-other-way.example', ['169.254.169.254', '127.0.0.1']],
    ['six.example', ['127.0.0.1', 'fd00:ec2::254']],
    ['mapped.example', ['::ffff:10.0.0.1']],
    ['nat64.example', ['64:ff9b::a00:1']],
    ['azure.example', ['168.63.129.16']],
    ['nothing.example', []],
  ])('%s that leads to %j is refused, and nothing is connected to', async (name, addresses) => {
    const receiver = await rawReceiver(() => undefined);
    const { asked, send } = clientWith(() => addresses);
    expect(await send(receiver.url.replace('127.0.0.1', name))).toEqual({
      failure: { kind: 'blocked_address', message: 'The address may not be reached.' },
    });
    expect(asked).toEqual([name]);
    expect(receiver.connections).toBe(0);
  });
});

describe('the resolver', () => {
  it.each([
    'http://10.0.0.1/',
    'http://2130706434/',
    'http://0x7f.2/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://①②⑦.⓪.⓪.②/',
    'http://a.localhost/',
    'http://metadata.google.internal./',
    'http://postgres/',
    'https://example.com:0/',
    'https://user@example.com/',
    'file:///etc/passwd',
    'not a url',
  ])('is never asked for what is refused by its spelling: %s', async (url) => {
    const { asked, send } = clientWith(() => ['127.0.0.1']);
    expect(await send(url)).toMatchObject({ failure: { kind: 'blocked_address' } });
    expect(asked).toEqual([]);
  });

  it('is never asked for an address', async () => {
    const receiver = await startReceiver();
    const { asked, send } = clientWith(() => ['10.0.0.1']);
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '127.0.0.1.'])
      expect(await send(`http://${host}:${receiver.port}/`)).toMatchObject({ answer: { status: 204 } });
    expect(asked).toEqual([]);
    await receiver.stop();
  });
});
