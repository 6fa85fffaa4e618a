import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 10;
const WAIT_MS = 5_000;

/**
 * Does something while no other process on this machine does it under the same
 * name. On Linux the kernel keeps the order, by an abstract socket, and forgets
 * it with the process, so nothing is ever left behind; elsewhere it is
 * just done.
 * @throws Error when the others take longer than five seconds
 */
export async function oneAtATime<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  if (platform() !== 'linux') return work();
  const turn = await takeTurn(`\0tidings-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`);
  try {
    return await work();
  } finally {
    await new Promise((resolve) => turn.close(resolve));
  }
}

async function takeTurn(path: string): Promise<Server> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    try {
      return await listen(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || Date.now() > deadline) throw error;
      await sleep(RETRY_MS);
    }
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ path }, () => resolve(server));
  });
}
