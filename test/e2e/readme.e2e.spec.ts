import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freePort } from '#embedded';
import { startStandalone, waitFor, type RunningStandalone } from '#testing';

/** The commands of README's first five minutes: its blocks marked `sh`, in order. */
function commands(): string {
  const readme = readFileSync('README.md', 'utf8');
  return [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('\n');
}

describe("README's first five minutes", () => {
  let system: RunningStandalone;

  beforeAll(async () => {
    system = await startStandalone({ args: ['--demo'] });
  }, 120_000);

  afterAll(async () => {
    await system?.stop();
  });

  it('the demo shows verified requests in its terminal', async () => {
    await waitFor(
      () => expect(system.output()).toMatch(/order\.created .*attempt 1 .*signature verified/),
      20_000,
    );
  }, 30_000);

  it('a webhook is made, an event by REST and one on NATS arrive verified, and the record shows them', async () => {
    const port = await freePort();
    const script = commands().replaceAll('.tidings/', `${system.dataDir}/`).replaceAll('9999', String(port));
    const shell = spawn('bash', ['-e', '-c', `${script}\nsleep 1; kill %1`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const code = await new Promise((resolve) => shell.on('close', resolve));
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/attempt 1 verified: {"type":"invoice.paid".*"total":12\.50/);
    expect(output).toMatch(/attempt 1 verified: {"type":"invoice.sent"/);
    expect(output).toContain('"status":"success"');
    expect(output).toContain('"attempts":[{');
    expect(output).not.toContain('WRONG');
  }, 60_000);
});
