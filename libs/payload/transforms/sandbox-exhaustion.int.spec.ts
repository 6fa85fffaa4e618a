import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { waitFor } from '#testing';
import { SandboxPool } from './sandbox-pool.js';
import { sandboxFlags } from './sandbox.js';
import { transformInput } from './transform-for-tests.js';

const pool = new SandboxPool({ processes: 2, timeoutMs: 300 });
afterAll(() => pool.close());

const inside = (body: string) => `function transform(event) { ${body} }`;
const GOOD = inside('return {body: event.data.a}');
const good = (webhook = 'wh_good') => pool.run(webhook, GOOD, transformInput());
const ANSWER = { kind: 'request', wanted: { body: Buffer.from('1') } };

let webhooks = 0;
async function message(body: string): Promise<string> {
  const { outcome } = await pool.run(`wh_bad_${webhooks++}`, inside(body), transformInput());
  return outcome.kind === 'failed' ? outcome.message : outcome.kind;
}

const OVERDUE = /longer than 300 ms/;
/** Which of the two limits is met first depends on the machine. */
const MEMORY = /more than 16 MiB|too long|too large|invalid|longer than/;

describe('a transform that exhausts what there is costs its own run alone', () => {
  it.each([
    ['loops without end', 'for (;;);', OVERDUE],
    ['recurses without end', 'return transform(event) + 1', /too deeply/],
    ['recurses in native code', 'const f = () => [1].map(f); f()', /too deeply/],
    [
      'keeps text without end',
      'const a = []; for (let s = "x".repeat(1e5);; s += "x") a.push(s + a.length)',
      MEMORY,
    ],
    ['doubles a text', 'let s = "x"; for (;;) s += s', MEMORY],
    ['keeps objects without end', 'const a = []; for (;;) a.push({a})', MEMORY],
    ['asks for an array of 4 GiB', 'return new Uint8Array(2 ** 32 - 1)', MEMORY],
    ['fills an array', 'return new Array(2 ** 32 - 1).fill(0)', MEMORY],
    ['multiplies large numbers', 'let x = 3n; for (;;) x *= x', /longer than|more than|too large/],
    ['backtracks', 'return /^(a+)+$/.test("a".repeat(50) + "b")', OVERDUE],
    [
      'makes regular expressions',
      'const a = []; for (let i = 0;; i++) a.push(new RegExp("(a|b){1,99}" + i))',
      /longer than|more than/,
    ],
    ['reads deep JSON', 'return JSON.parse("[".repeat(1e6))', /too deeply/],
    ['writes deep JSON', 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return {body: a}', /too deeply/],
    ['evaluates deep code', 'return eval("(".repeat(1e5))', /too deeply/],
    ['writes to the console without end', 'for (;;) console.log("x".repeat(1000))', OVERDUE],
    ['shows itself to the console', 'console.log(new Proxy({}, {ownKeys() { for (;;); }}))', OVERDUE],
    [
      'makes promises without end',
      'const a = []; for (;;) a.push(Promise.resolve(1).then(() => a))',
      /longer than|more than/,
    ],
    ['waits for promises without end', 'const f = () => Promise.resolve().then(f); return f()', OVERDUE],
    ['never stops to be read', 'return {get body() { for (;;); }}', OVERDUE],
    ['never stops to be shown', 'throw {get message() { for (;;); }}', /cannot be shown|longer than/],
    ['looks at each index there is', 'return [].reverse.call({length: 2 ** 53 - 1})', /killed/],
    [
      'searches for a long text in a longer one',
      'return "a".repeat(5e6).indexOf("a".repeat(2e6) + "b")',
      /killed/,
    ],
    [
      'joins nothing four thousand million times',
      'return new Array(2 ** 32 - 1).join("")',
      /longer than|killed|more than/,
    ],
  ])('when it %s', async (_, code, expected) => {
    expect(await message(code)).toMatch(expected);
    expect((await good()).outcome).toMatchObject(ANSWER);
  });

  it('and quick ones do not wait for one that hangs, however many of its runs wait', async () => {
    await good();
    const order: string[] = [];
    const hanging = Array.from({ length: 8 }, async () => {
      await pool.run('wh_hanging', inside('for (;;);'), transformInput());
      order.push('hanging');
    });
    for (let i = 0; i < 50; i++) expect((await good(`wh_quick_${i % 5}`)).outcome).toMatchObject(ANSWER);
    order.push('quick');
    await Promise.all(hanging);
    // The first run of it may be in either place; from then on it has one of its own.
    expect(order.indexOf('quick')).toBeLessThanOrEqual(4);
  });

  it('and what is too much is told as not having run', async () => {
    const runs = await Promise.all(
      Array.from({ length: 300 }, () => pool.run('wh_many', inside('return null'), transformInput())),
    );
    const busy = runs.filter(({ outcome }) => outcome.kind === 'failed');
    expect(busy.length).toBeGreaterThan(0);
    for (const { outcome } of busy)
      expect(outcome).toEqual({
        kind: 'failed',
        busy: true,
        message: "The transform was not run: 256 runs of this webhook's transform wait already.",
      });
  });
});

const PROBE = `
import fs from 'node:fs'; import child from 'node:child_process'; import worker from 'node:worker_threads';
const attempts = {
  passwd: () => fs.readFileSync('/etc/passwd'),
  ours: () => fs.readFileSync(${JSON.stringify(join(process.cwd(), 'package.json'))}),
  write: () => fs.writeFileSync('/tmp/written', 'x'),
  child: () => child.execFileSync('/bin/true'),
  worker: () => new worker.Worker('1', { eval: true }),
  code: () => new Function('return 1')(),
  addon: () => process.dlopen({ exports: {} }, '/tmp/none.node'),
};
const found = {};
for (const [name, attempt] of Object.entries(attempts))
  try { attempt(); found[name] = 'allowed'; } catch (error) { found[name] = error.code ?? error.name; }
console.log(JSON.stringify(found));`;

/** The sockets that a process has open. */
function socketsOf(pid: number | 'self'): string[] {
  const folder = `/proc/${pid}/fd`;
  const found = readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(join(folder, fd))];
    } catch {
      return [];
    }
  });
  return found.filter((socket) => /^socket:/.test(socket));
}

describe('a process of the sandbox', () => {
  const status = (pid: number | 'self', name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

  it('has no environment and no connection of ours', async () => {
    const server = createServer().listen(0);
    await good();
    const [pid = 0] = pool.pids;
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
    const ours = socketsOf('self');
    expect(ours.length).toBeGreaterThan(0);
    expect(socketsOf(pid).filter((socket) => ours.includes(socket))).toEqual([]);
    server.close();
  });

  it('may read its own packages, and may write, start and load nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'probe-'));
    const program = join(folder, 'probe.mjs');
    writeFileSync(program, PROBE);
    const child = spawn(process.execPath, [...sandboxFlags(), program], { env: {}, cwd: '/' });
    const said = await text(child.stdout);
    rmSync(folder, { recursive: true });
    const denied = 'ERR_ACCESS_DENIED';
    const all = { passwd: denied, ours: denied, write: denied, child: denied, worker: denied };
    expect(JSON.parse(said)).toEqual({ ...all, code: 'EvalError', addon: 'ERR_DLOPEN_DISABLED' });
  });

  it('that is killed during a run fails that run, and another takes its place', async () => {
    await good();
    const before = pool.pids;
    const run = pool.run('wh_killed', inside('for (;;);'), transformInput());
    for (const pid of before) process.kill(pid, 'SIGKILL');
    expect(await run).toMatchObject({
      outcome: { kind: 'failed', message: 'The transform failed: the process that it ran in ended.' },
    });
    // The one that had nothing to do may not be known to be gone yet.
    await waitFor(() => expect(pool.pids.filter((pid) => before.includes(pid))).toEqual([]));
    expect((await good()).outcome).toMatchObject(ANSWER);
  });

  it('and this one stay as large as they are over thousands of runs', async () => {
    const some = async (times: number) => {
      for (let i = 0; i < times; i += 50)
        await Promise.all(
          Array.from({ length: 50 }, (_, k) =>
            pool.run(
              `wh_${k % 5}`,
              inside(k % 10 === 9 ? 'throw 1' : 'event.data.b = "x".repeat(1e5); return event'),
              transformInput(),
            ),
          ),
        );
    };
    const sizes = () => [status('self', 'VmRSS'), ...pool.pids.map((pid) => status(pid, 'VmRSS'))];
    await some(1_000);
    const before = sizes();
    await some(2_000);
    sizes().forEach((size, i) => expect(size - (before[i] ?? 0)).toBeLessThan(60_000));
  }, 60_000);

  it('is not there any more when the pool is closed, and runs are refused', async () => {
    const other = new SandboxPool({ processes: 1, timeoutMs: 300 });
    await other.run('wh_1', GOOD, transformInput());
    const [pid = 0] = other.pids;
    const waiting = [1, 2].map(() => other.run('wh_1', inside('for (;;);'), transformInput()));
    other.close();
    const gone = { kind: 'failed', message: expect.any(String) as string };
    for (const { outcome } of await Promise.all(waiting)) expect(outcome).toMatchObject(gone);
    expect((await other.run('wh_1', GOOD, transformInput())).outcome).toMatchObject({ ...gone, busy: true });
    await waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  });
});
