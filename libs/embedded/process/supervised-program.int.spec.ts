import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from './identity.js';
import type { Program } from './running-program.js';
import { SupervisedProgram } from './supervised-program.js';

/** A program that says that it is ready by IPC, as the apps do. */
const SERVES = `process.send('ready'); process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);`;
const DEAF = `process.send('ready'); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;

describe('a supervised program', () => {
  let folder: string;
  const started: SupervisedProgram[] = [];
  const downs: string[] = [];
  const ups: number[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-supervised-'));
    downs.length = 0;
    ups.length = 0;
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((program) => program.stop(500)));
    await rm(folder, { recursive: true });
  });

  const supervise = async (source: string): Promise<SupervisedProgram> => {
    const script = join(folder, 'program.cjs');
    await writeFile(script, source);
    const program: Program = {
      title: 'The program',
      command: [process.execPath, script],
      ipc: true,
      stopSignal: 'SIGTERM',
      logFile: join(folder, 'log'),
      readyWithinMs: 5_000,
      whenReady: async (child) => void (await once(child, 'message')),
    };
    const supervised = new SupervisedProgram(program, {
      up: (pid) => ups.push(pid),
      down: (reason) => downs.push(reason),
    });
    started.push(supervised);
    return supervised;
  };

  const upAgain = async (times: number): Promise<void> => {
    while (ups.length < times) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it('is started again when it was killed, and that is told', async () => {
    const program = await supervise(SERVES);
    await program.start();
    const first = program.pid;
    process.kill(first ?? 0, 'SIGKILL');
    await upAgain(2);
    expect(program.pid).not.toBe(first);
    expect(downs).toEqual(['SIGKILL']);
  });

  it('that ends before it is ready the first time fails its start with the reason it gave', async () => {
    const program = await supervise(`console.error('TIDINGS_PORT is a teapot.'); process.exit(3);`);
    await expect(program.start()).rejects.toThrow(
      /^The program ended before it was ready \(exit code 3: TIDINGS_PORT is a teapot\.\); its log is /,
    );
    expect(program.pid).toBeDefined();
    expect(downs).toEqual([]);
  });

  it('ends in order when it is stopped, and stays down', async () => {
    const program = await supervise(SERVES);
    await program.start();
    const pid = program.pid ?? 0;
    await program.stop();
    expect(await identityOf(pid)).toBeUndefined();
    expect(downs).toEqual([]);
  });

  it('that ignores the request to end is killed after the grace', async () => {
    const program = await supervise(DEAF);
    await program.start();
    const pid = program.pid ?? 0;
    await program.stop(200);
    expect(await identityOf(pid)).toBeUndefined();
  });

  it('can be stopped while it starts', async () => {
    const program = await supervise('setInterval(() => {}, 1000);');
    const starting = program.start();
    const outcome = expect(starting).rejects.toThrow(/ended before it was ready/);
    while (program.pid === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await program.stop();
    await outcome;
  });

  it('keeps what it prints in its log file', async () => {
    const program = await supervise(`console.log('out'); console.error('err'); ${SERVES}`);
    await program.start();
    await program.stop();
    expect(await readFile(join(folder, 'log'), 'utf8')).toBe('out\nerr\n');
  });

  it('that cannot be spawned says why', async () => {
    const program = new SupervisedProgram({
      title: 'Nothing',
      command: [join(folder, 'nowhere')],
      stopSignal: 'SIGTERM',
      logFile: join(folder, 'log'),
      readyWithinMs: 5_000,
      whenReady: () => new Promise(() => undefined),
    });
    await expect(program.start()).rejects.toThrow(/Nothing ended before it was ready \(.*ENOENT/);
  });
});
