import { ConfigError, loadConfig } from '#config';
import { Unavailable } from '#embedded';
import { redact } from '#observability';
import { HELP, readArguments } from './arguments.js';
import { startDemo } from './demo/start-demo.js';
import { printReadyBlock } from './ready-block.js';
import { Standalone } from './standalone.js';
import { terminal } from './terminal.js';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A sentence for those who can act on it; the whole stack for a fault of our own. */
function tell(error: unknown): void {
  const known = error instanceof Unavailable || error instanceof ConfigError;
  terminal.failure(redact(known ? error.message : String((error as Error).stack ?? error)));
}

async function run(demo: boolean): Promise<number> {
  const standalone = new Standalone(loadConfig(), demo);
  const asked = new Promise<void>((resolve) => {
    for (const signal of STOP_SIGNALS)
      // A terminal's Ctrl-C may arrive twice, by the terminal and by npm; the second one changes nothing.
      process.on(signal, () => {
        if (!standalone.signal.aborted) terminal.line(`\n  Stopping …`);
        void standalone.stop().then(resolve, resolve);
      });
  });
  try {
    const { addresses, folder, kept } = await standalone.start();
    printReadyBlock({
      apiUrl: addresses.api_url,
      operatorKey: addresses.operator_key,
      natsUrl: addresses.nats_url,
      dataFolder: folder.path,
    });
    if (demo) await startDemo(addresses, folder, kept, standalone.signal);
    await asked;
  } catch (error) {
    if (!standalone.signal.aborted) {
      await standalone.stop();
      tell(error);
      return 1;
    }
    await asked;
  }
  await standalone.stop();
  terminal.line('  Stopped.');
  return 0;
}

/** Dependencies of the apps fail on older ones, each in its own words. */
const OLDEST_NODE = 24;

// A closed terminal or pipe is no reason to leave servers running unattended: SIGHUP and the like end them.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const request = readArguments(process.argv.slice(2));
switch (request.kind) {
  case 'help':
    terminal.line(HELP);
    break;
  case 'refused':
    terminal.failure(request.reason);
    process.exitCode = 1;
    break;
  case 'start':
    if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
      terminal.failure(
        `This is Node ${process.versions.node}, and it needs ${OLDEST_NODE} or newer. Run it by npm start, which brings its own.`,
      );
      process.exitCode = 1;
      break;
    }
    terminal.line();
    terminal.line(`  ${terminal.styled('bold', 'Tidings')} is starting.`);
    terminal.line();
    try {
      process.exitCode = await run(request.demo);
    } catch (error) {
      tell(error);
      process.exitCode = 1;
    }
}
