import { Bus } from '#bus';
import { busAccessOf, databaseUrlOf, loadConfig, required, topologyOf } from '#config';
import { openDatabase } from '#persistence';
import { Keyring } from '#signing';
import type { Command } from '../command.js';
import { describeRewrap } from './describe-rewrap.js';
import { countKeys, rewrap } from './rewrap.js';

const NATS_WITHIN_MS = 10_000;

export const REWRAP_KEYS: Command = {
  words: 'keys rewrap',
  summary: 'Seals every secret anew under the first key of TIDINGS_ENCRYPTION_KEYS.',
  help: `Opens what is sealed in PostgreSQL and NATS with the keys of TIDINGS_ENCRYPTION_KEYS, and seals what is not under
the first of them anew under it, while everything runs. It may be stopped and run again at any time.

Options:
  --dry-run  only counts what each key seals
  --help     shows this

It needs TIDINGS_DATABASE_URL, TIDINGS_NATS_URL and TIDINGS_ENCRYPTION_KEYS, and the variables for TLS and credentials
that admin-api has. It exits with 0 when every secret is sealed
under the first key (with --dry-run: when it has counted), 1 when not, and 2 when it was not understood.`,
  options: { 'dry-run': { type: 'boolean' } },
  run: async (options, output) => {
    const config = loadConfig();
    const keyring = Keyring.parse(required(config, 'TIDINGS_ENCRYPTION_KEYS'));
    const databaseUrl = databaseUrlOf(config);
    const natsUrl = required(config, 'TIDINGS_NATS_URL');
    const database = await openDatabase(databaseUrl, { name: 'tidings-cli', poolSize: 4 });
    try {
      const bus = await Bus.open(
        { url: natsUrl, access: busAccessOf(config), name: 'tidings-cli', waitMs: NATS_WITHIN_MS },
        topologyOf(config),
      );
      try {
        const places = { database, bucket: bus.webhooks };
        if (options['dry-run']) {
          const counts = await countKeys(places);
          for (const line of describeRewrap(keyring, counts)) output.line(line);
          return 0;
        }
        const done = await rewrap(places, keyring);
        for (const line of describeRewrap(keyring, done.left, done)) output.line(line);
        for (const { what, keyId } of done.unopened)
          output.fault(`${what} cannot be opened with the key "${keyId}".`);
        return done.unopened.length === 0 && done.left.every(({ keyId }) => keyId === keyring.sealsWith)
          ? 0
          : 1;
      } finally {
        await bus.close();
      }
    } finally {
      await database.destroy();
    }
  },
};
