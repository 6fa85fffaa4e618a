import { createServer, type Socket } from 'node:net';

/** A mail as it came in. */
export interface ReceivedMail {
  from: string;
  to: string[];
  /** Header and body, lines ending with \n. */
  source: string;
}

export interface TestMailServer {
  /** smtp://127.0.0.1:port */
  readonly url: string;
  readonly mails: ReceivedMail[];
  /** What it says to MAIL from now on, such as `554 no`; undefined to take all. */
  refuse(answer: string | undefined): void;
  /** The value of a mail's header, unfolded; undefined where it has none. */
  header(mail: ReceivedMail, name: string): string | undefined;
  stop(): Promise<void>;
}

/**
 * A mail server that speaks as much SMTP (RFC 5321) as takes a mail in, and keeps what it got.
 * @param port a certain one, to come back on; any free one when left out
 */
export async function startMailServer(port = 0): Promise<TestMailServer> {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let refusal: string | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    talk(socket, mails, () => refusal);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The mail server has no port.');
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    mails,
    refuse: (answer) => {
      refusal = answer;
    },
    header: headerOf,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function headerOf({ source }: ReceivedMail, name: string): string | undefined {
  const [head = ''] = source.split('\n\n');
  const lines = head.replace(/\n[ \t]+/g, ' ').split('\n');
  const line = lines.find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

function talk(socket: Socket, mails: ReceivedMail[], refusal: () => string | undefined): void {
  let pending = '';
  let mail: ReceivedMail = { from: '', to: [], source: '' };
  let body: string[] | undefined;
  const say = (text: string) => socket.write(`${text}\r\n`);
  const addressIn = (line: string) => /<([^>]*)>/.exec(line)?.[1] ?? '';
  const heard = (line: string): void => {
    if (body) {
      if (line !== '.') {
        body.push(line.startsWith('.') ? line.slice(1) : line);
        return;
      }
      mails.push({ ...mail, source: body.join('\n') });
      body = undefined;
      say('250 kept');
      return;
    }
    switch ((line.split(/[ :]/, 1)[0] ?? '').toUpperCase()) {
      case 'EHLO':
        say('250-mail.test\r\n250 8BITMIME');
        return;
      case 'MAIL':
        mail = { from: addressIn(line), to: [], source: '' };
        say(refusal() ?? '250 ok');
        return;
      case 'RCPT':
        mail.to.push(addressIn(line));
        say('250 ok');
        return;
      case 'DATA':
        body = [];
        say('354 go on');
        return;
      case 'QUIT':
        say('221 bye');
        socket.end();
        return;
      default:
        say('250 ok');
    }
  };
  say('220 mail.test ESMTP');
  socket.on('data', (chunk) => {
    const lines = (pending + chunk.toString()).split('\r\n');
    pending = lines.pop() ?? '';
    lines.forEach(heard);
  });
}
