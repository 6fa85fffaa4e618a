import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '#config';

/** The first suite of Debian whose nats-server is new enough. */
const SUITE = 'forky';
const MIRROR = 'http://deb.debian.org/debian';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The package lists have some ten megabytes, the package about five. */
const WITHIN_MS = 300_000;

const run = promisify(execFile);

/**
 * What the machine's administrator decided on reaching mirrors, out of the dump
 * of apt's configuration: proxies, and whether a mirror may lag behind (a frozen
 * mirror's lists are signed, but past their date). Ours loosens nothing by itself.
 */
export function mirrorSettings(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => /^Acquire::(https?::[^ ]*Proxy|Check-Valid-Until|Check-Date)\b/i.test(line))
    .join('\n');
}

/**
 * A configuration under which apt touches nothing outside the folder: no state,
 * no lists, no cache, no hooks of the machine's.
 */
export function aptConfiguration(folder: string, mirror: string): string {
  return `Dir "${folder}";
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Etc "${folder}/etc";
Dir::Log "${folder}/log";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::Retries "2";
Acquire::http::Timeout "20";
${mirror}
`;
}

/**
 * Fetches nats-server out of Debian's signed package, which apt verifies. It is
 * unpacked into the folder and never installed.
 * @param folder where to work; empty
 * @returns the program's path
 * @throws Error when this is not Debian or Ubuntu, or the package cannot be had
 */
export async function fetchDebianPackage(folder: string, signal?: AbortSignal): Promise<string> {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'etc', 'log', 'package'])
    await mkdir(join(folder, part), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(
    join(folder, 'etc', 'sources.list'),
    `deb [signed-by=${KEYRING}] ${MIRROR} ${SUITE} main\n`,
  );
  const configuration = join(folder, 'apt.conf');
  const { stdout } = await run('apt-config', ['dump', 'Acquire']);
  await writeFile(configuration, aptConfiguration(folder, mirrorSettings(stdout)));
  const options = {
    cwd: folder,
    timeout: WITHIN_MS,
    signal,
    env: childEnvironment({ APT_CONFIG: configuration, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }),
  };
  // Without this, apt-get warns about lists that it could not fetch, and succeeds.
  await run('apt-get', ['-q', '-o', 'APT::Update::Error-Mode=any', 'update'], options);
  await run('apt-get', ['-q', 'download', 'nats-server'], options);
  const file = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  if (file === undefined) throw new Error('apt-get downloaded no package');
  await run('dpkg-deb', ['-x', join(folder, file), join(folder, 'package')], options);
  return join(folder, 'package', 'usr', 'sbin', 'nats-server');
}
