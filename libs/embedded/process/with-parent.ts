import { spawnSync } from 'node:child_process';

let supported: boolean | undefined;

/**
 * Wraps a command so that Linux ends it when this process dies, however that
 * comes about. Without it (other systems, or no `setpriv`) a server outlives a
 * `kill -9` of its starter, and the next start ends it.
 */
export function endingWithParent(command: readonly string[], signal: string): string[] {
  supported ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig', 'SIGTERM', 'true'], { stdio: 'ignore' }).status === 0;
  return supported ? ['setpriv', '--pdeathsig', signal, ...command] : [...command];
}
