import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identityOf } from '#embedded';
import { takeLock } from './lock.js';

describe('the lock of a data folder', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is held by one at a time, and the other is told by whom', async () => {
    const lock = await takeLock(path, folder);
    await expect(takeLock(path, folder)).rejects.toThrow(
      `Tidings already runs on ${folder} (process ${process.pid}). Stop that one first, or set TIDINGS_DATA_DIR to another folder.`,
    );
    await lock.release();
    await (await takeLock(path, folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('of a process that is gone is taken over', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    await writeFile(path, JSON.stringify(await identityOf(child.pid ?? 0)));
    await expect(takeLock(path, folder)).rejects.toThrow('already runs');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await takeLock(path, folder)).release();
  });

  it('is taken over when its number belongs to a later process', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, started: 'long ago' }));
    await (await takeLock(path, folder)).release();
  });

  it('that cannot be read is taken over', async () => {
    await writeFile(path, '');
    await (await takeLock(path, folder)).release();
  });

  it('goes to exactly one of many that find a stale one at once', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, started: 'long ago' }));
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => takeLock(path, folder)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(await identityOf(process.pid));
  });
});
