import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Message schedules, which retries rest upon, came with this version. */
export const OLDEST_NATS_SERVER = '2.14';

const run = promisify(execFile);

/** Whether a version such as `2.15.1` or `2.14.0-RC.2` is new enough. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NATS_SERVER.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** The version that a nats-server says it has; undefined when it cannot be run or is something else. */
export async function natsServerVersion(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: 10_000 });
    return /nats-server: v?(\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}
