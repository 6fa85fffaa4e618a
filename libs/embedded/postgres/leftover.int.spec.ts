import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../process/free-port.js';
import { identityOf } from '../process/identity.js';
import { startProgram, type Program } from '../process/running-program.js';
import { embeddedPostgres } from './embedded-postgres.js';

describe('a PostgreSQL on a data folder that was used before', () => {
  let folder: string;
  let program: Program;
  let pidFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-leftover-'));
    pidFile = join(folder, 'data', 'postmaster.pid');
    program = await embeddedPostgres({
      dataFolder: join(folder, 'data'),
      logFile: join(folder, 'log'),
      port: await freePort(),
      password: 'secret',
      disposable: true,
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('takes the place of one that was left running there', async () => {
    const left = await startProgram(program);
    const next = await startProgram(program);
    expect(await identityOf(left.pid ?? 0)).toBeUndefined();
    expect((await left.exited).code).toBe(0);
    await next.stop();
  });

  it('starts although the number in the pid file belongs to a stranger by now, and leaves that one alone', async () => {
    const before = await startProgram(program);
    const text = await readFile(pidFile, 'utf8');
    await before.stop();
    await writeFile(pidFile, text.replace(/^\d+/, String(process.pid)));
    const next = await startProgram(program);
    expect((await readFile(pidFile, 'utf8')).split('\n')[0]).toBe(String(next.pid));
    await next.stop();
  });

  it('says at once that the password is not the one that the folder was made with', async () => {
    const other = await embeddedPostgres({
      dataFolder: join(folder, 'data'),
      logFile: join(folder, 'log'),
      port: await freePort(),
      password: 'another',
    });
    await expect(startProgram(other)).rejects.toThrow(
      'PostgreSQL refuses the password that was kept for its data folder.',
    );
  });
});
