import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const VERSION = 'v2.15.1';
const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';

/** A host that is not reachable must not hold up the other ways to get the program. */
const ANSWER_WITHIN_MS = 5_000;
const BODY_WITHIN_MS = 180_000;
const MOST_REDIRECTS = 5;

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

const run = promisify(execFile);

/** The checksum of a file in a list as `sha256sum` prints it. */
export function checksumOf(list: string, file: string): string | undefined {
  for (const line of list.split('\n')) {
    const [, sum, name] = /^([0-9a-f]{64})\s+\*?(\S+)$/.exec(line.trim()) ?? [];
    if (name === file) return sum;
  }
  return undefined;
}

async function download(address: string, signal?: AbortSignal): Promise<Buffer> {
  let url = new URL(address);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    if (url.protocol !== 'https:') throw new Error(`${url.href} is not https`);
    const patience = new AbortController();
    let timer = setTimeout(() => patience.abort(), ANSWER_WITHIN_MS);
    try {
      // Redirects are followed by hand, so that none leads away from https on its way.
      const response = await fetch(url, {
        redirect: 'manual',
        signal: AbortSignal.any([patience.signal, ...(signal ? [signal] : [])]),
      });
      clearTimeout(timer);
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        url = new URL(location, url);
        continue;
      }
      if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
      timer = setTimeout(() => patience.abort(), BODY_WITHIN_MS);
      return Buffer.from(await response.arrayBuffer());
    } finally {
      clearTimeout(timer);
    }
  }
  throw new Error(`${address} redirects too often`);
}

/**
 * Fetches nats-server from its official release and checks it against the
 * checksums published there.
 * @param folder where to work; empty
 * @returns the program's path
 * @throws Error when the release cannot be reached or is not what it says
 */
export async function fetchOfficialRelease(folder: string, signal?: AbortSignal): Promise<string> {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`there is no release for ${process.arch}`);
  const name = `nats-server-${VERSION}-${process.platform}-${architecture}`;
  const archive = `${name}.tar.gz`;
  const sums = await download(`${RELEASES}/${VERSION}/SHA256SUMS`, signal);
  const expected = checksumOf(sums.toString('utf8'), archive);
  if (expected === undefined) throw new Error(`the release's checksums do not name ${archive}`);
  const bytes = await download(`${RELEASES}/${VERSION}/${archive}`, signal);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== expected) throw new Error(`${archive} has the checksum ${actual}, not ${expected}`);
  await writeFile(join(folder, archive), bytes);
  await run('tar', ['-xzf', join(folder, archive), '-C', folder], { signal });
  return join(folder, name, 'nats-server');
}
