import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from '#config';
import type { ReceivedRequest } from '#testing';

/** A receiver as a document prints it, running. */
export interface PrintedReceiver {
  /** What it answers to a request, at the path that its document has. */
  take(request: Pick<ReceivedRequest, 'headers' | 'body'>): Promise<{ status: number; body: string }>;
  stop(): Promise<void>;
}

const FOLDER = import.meta.dirname;

/** Not of the request itself: the second leg has a connection of its own. */
const OF_THE_CONNECTION = ['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding'];

async function start(command: string, shim: string, example: string, path: string, secret: string) {
  const child = spawn(command, [join(FOLDER, shim), join(FOLDER, 'printed', example), secret], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnvironment({ PYTHONUTF8: '1' }),
  });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout);
  const [port] = (await Promise.race([
    once(lines, 'line'),
    ended.then(() => Promise.reject(new Error(`${example} does not run.`))),
  ])) as [string];
  const receiver: PrintedReceiver = {
    take: async ({ headers, body }) => {
      const kept = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.includes(name));
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
        body: new Uint8Array(body),
      });
      return { status: answer.status, body: await answer.text() };
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
  return receiver;
}

/** @param example a file in `printed/`; @param path the route in it; @param secret what it verifies with */
export function printedInNode(example: string, path: string, secret: string): Promise<PrintedReceiver> {
  return start(process.execPath, 'express-like.mjs', example, path, secret);
}

/** @param example a file in `printed/`; @param path the route in it; @param secret what it verifies with */
export function printedInPython(example: string, path: string, secret: string): Promise<PrintedReceiver> {
  return start('python3', 'flask-like.py', example, path, secret);
}

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('There is no python3 here: the receivers in Python are not run.\n');
    return false;
  }
}

/** `it` where there is a python3; elsewhere what it would have run is skipped, and said so. */
export const itWithPython = hasPython() ? it : it.skip;
