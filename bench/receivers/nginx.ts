import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A receiver that is not what is measured: nginx answers 200 and notes when which event came. */
export interface NginxReceiver {
  pid: number;
  url: string;
  /** Milliseconds since 1970 at which each event id was received first. */
  receipts: () => Map<string, number>;
  /** Milliseconds that events took from the time at the end of their ids, for ids that begin like that. */
  latencies: (prefix: string, from?: number, to?: number) => number[];
  stop: () => Promise<void>;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** @throws when there is no nginx (Debian: apt-get install nginx-light) */
export async function startNginx(): Promise<NginxReceiver> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-nginx-'));
  const log = join(folder, 'receipts.log');
  const port = await freePort();
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 4096; }
     http {
       log_format receipt '$msec $http_webhook_id';
       access_log ${log} receipt buffer=32k flush=1s;
       client_body_temp_path ${folder}; keepalive_requests 1000000;
       server { listen 127.0.0.1:${port}; location / { client_max_body_size 2m; return 200; } }
     }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.on('error', () =>
      reject(new Error('nginx is not installed; on Debian: apt-get install nginx-light')),
    );
    setTimeout(resolve, 500);
  });
  const first = new Map<string, number>();
  let read = 0;
  let begun = '';
  const receipts = () => {
    const file = openSync(log, 'r');
    const more = Buffer.alloc(fstatSync(file).size - read);
    read += readSync(file, more, 0, more.length, read);
    closeSync(file);
    const lines = (begun + more.toString()).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) {
      const [at = '', id = ''] = line.split(' ');
      if (!first.has(id)) first.set(id, Math.round(Number(at) * 1000));
    }
    return first;
  };
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}/`,
    receipts,
    latencies: (prefix, from = 0, to = Infinity) =>
      [...receipts()]
        .filter(([id, at]) => id.startsWith(prefix) && at >= from && at < to)
        .map(([id, at]) => at - Number(id.slice(id.lastIndexOf('-') + 1))),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
