import type { Command } from './command.js';
import { runCli } from './run.js';

const greet: Command = {
  words: 'greet loudly',
  summary: 'Greets.',
  help: 'Options:\n  --whom <name>  who is greeted',
  options: { whom: { type: 'string' } },
  run: ({ whom }, output) => {
    if (whom === 'nobody') throw new Error('nats://u:planted@host is away.');
    output.line(`HELLO ${String(whom)}`);
    return Promise.resolve(whom === 'half' ? 1 : 0);
  },
};

async function run(...args: string[]) {
  const lines: string[] = [];
  const faults: string[] = [];
  const code = await runCli(args, { line: (text) => lines.push(text), fault: (text) => faults.push(text) }, [
    greet,
  ]);
  return { code, out: lines.join('\n'), err: faults.join('\n') };
}

describe('tidings', () => {
  it('runs the command that its words name, with its options, and ends with its code', async () => {
    expect(await run('greet', 'loudly', '--whom=ann')).toEqual({ code: 0, out: 'HELLO ann', err: '' });
    expect(await run('greet', 'loudly', '--whom=half')).toMatchObject({ code: 1 });
  });

  it('shows what there is, and what a command does', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, err: '' });
    expect((await run('--help')).out).toContain('greet loudly  Greets.');
    expect((await run('greet', 'loudly', '--help')).out).toContain('--whom <name>');
  });

  it('refuses with 2 what it does not understand, and says where help is', async () => {
    for (const [args, said] of [
      [[], 'Usage: tidings <command>'],
      [['greet'], 'There is no command "greet". Try: tidings --help'],
      [['greet', 'loudly', '--who=x'], 'Try: tidings greet loudly --help'],
    ] as const) {
      const { code, out, err } = await run(...args);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain(said);
    }
  });

  it('ends with 1 and a sentence, without the password in it, when something is in the way', async () => {
    expect(await run('greet', 'loudly', '--whom=nobody')).toEqual({
      ...{ code: 1, out: '', err: 'nats://********@host is away.' },
    });
  });
});
