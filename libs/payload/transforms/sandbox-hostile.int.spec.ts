import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '#testing';
import { MAX_FRAME_BYTES } from './frames.js';
import { SandboxPool } from './sandbox-pool.js';
import { Sandbox, SandboxDied } from './sandbox.js';
import { transformInput } from './transform-for-tests.js';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that comes up as ours do, and then answers its first question as it likes. */
async function taken(answer: string): Promise<Sandbox> {
  const program = join(folder, `program-${answer.length}.mjs`);
  const source = `
    const frame = (...parts) => Buffer.concat([uint32(parts.reduce((sum, part) => sum + 4 + part.length, 0)),
      ...parts.flatMap((part) => [uint32(part.length), Buffer.from(part)])]);
    const uint32 = (n) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(n); return bytes; };
    const say = (...pieces) => process.stdout.write(Buffer.concat(pieces));
    let asked = 0;
    process.stdin.on('data', () => {
      if (++asked === 1) say(frame('{"kind":"ready"}'));
      else { ${answer} }
    });`;
  writeFileSync(program, source);
  return Sandbox.start(500, program);
}

describe('a process of the sandbox that was taken over is killed', () => {
  it.each([
    ['says that it will send 4 GiB', 'say(uint32(0xffffffff))'],
    ['sends more than it may', `say(frame(Buffer.alloc(${MAX_FRAME_BYTES})))`],
    ['answers twice', 'say(frame("a"), frame("b"))'],
    ['sends parts that do not fit', 'say(uint32(8), uint32(5), uint32(0))'],
    ['sends more parts than there are', 'say(frame("a", "b", "c", "d", "e", "f"))'],
    ['ends', 'process.exit(0)'],
    ['kills itself', 'process.kill(process.pid, "SIGKILL")'],
  ])('when it %s', async (_, answer) => {
    const sandbox = await taken(answer);
    await expect(sandbox.run(['run'])).rejects.toThrow(SandboxDied);
    expect(sandbox.alive).toBe(false);
  });

  it('when it never answers, or sends its answer a byte at a time', async () => {
    for (const answer of ['for (;;);', 'setInterval(() => say(Buffer.alloc(1, 1)), 50)']) {
      const sandbox = await taken(answer);
      await expect(sandbox.run(['run'])).rejects.toMatchObject({ name: 'SandboxDied' });
      expect(sandbox.alive).toBe(false);
    }
  });

  it('when it speaks without being asked', async () => {
    const sandbox = await taken('say(frame("an answer")); setTimeout(() => say(frame("more")), 20)');
    expect(String(await sandbox.run(['run']))).toBe('an answer');
    await waitFor(() => expect(sandbox.alive).toBe(false));
    await expect(sandbox.run(['run'])).rejects.toThrow(SandboxDied);
  });

  it('and one that does not come up is no process', async () => {
    await expect(Sandbox.start(500, join(folder, 'none.mjs'))).rejects.toThrow(/ended with exit code 1/);
  });
});

describe('a sandbox that cannot be started', () => {
  const node = process.execPath;
  afterEach(() => {
    process.execPath = node;
  });

  it('is told as such, at once, and is tried again after a while', async () => {
    const pool = new SandboxPool({ processes: 1, timeoutMs: 500 });
    const run = () => pool.run('wh_1', 'function transform() { return null }', transformInput());
    process.execPath = join(folder, 'no-node');
    const message = 'The transform was not run: the sandbox cannot be started.';
    for (let i = 0; i < 3; i++)
      expect((await run()).outcome).toEqual({ kind: 'failed', busy: true, message });
    process.execPath = node;
    await waitFor(async () => expect((await run()).outcome).toEqual({ kind: 'dropped' }));
    pool.close();
  });
});
