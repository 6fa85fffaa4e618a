import { Bus } from '#bus';
import { busAccessOf, databaseUrlOf, loadConfig, required, topologyOf } from '#config';
import { openDatabase } from '#persistence';
import type { Command } from '../command.js';
import { rebuild } from './rebuild.js';

const NATS_WITHIN_MS = 10_000;
const PROGRESS_MS = 5_000;

export const REBUILD: Command = {
  words: 'rebuild',
  summary: 'Makes the record (events, deliveries, attempts, statistics) anew from the journal.',
  help: `Reads the whole journal into fresh tables, and exchanges the days that it tells of wholly, while everything runs.
Other days stay as they are. It may be stopped and run again at any time.

Options:
  --help     shows this

It needs TIDINGS_DATABASE_URL and TIDINGS_NATS_URL, and the variables for TLS and credentials that admin-api has; in
PostgreSQL as much space again as the record takes, and the right to create schemas. It exits with 0 when the record is
made anew, and 1 when not: nothing is changed then.`,
  options: {},
  run: async (_options, output) => {
    const config = loadConfig();
    const databaseUrl = databaseUrlOf(config);
    const natsUrl = required(config, 'TIDINGS_NATS_URL');
    const database = await openDatabase(databaseUrl, { name: 'tidings-cli', poolSize: 4 });
    try {
      const bus = await Bus.open(
        { url: natsUrl, access: busAccessOf(config), name: 'tidings-cli', waitMs: NATS_WITHIN_MS },
        topologyOf(config),
      );
      try {
        let told = performance.now();
        const done = await rebuild({
          ...{ database, databaseUrl, bus },
          progress: (facts, message, last) => {
            if (performance.now() - told < PROGRESS_MS) return;
            told = performance.now();
            output.line(`${facts} facts, message ${message} of ${last} of the journal`);
          },
        });
        if (!done) {
          output.fault('Another rebuild is at work; wait until it is done.');
          return 1;
        }
        const { facts, seconds, heldMs, days, kept } = done;
        output.line(
          `${facts} facts made ${days.length} days anew in ${seconds.toFixed(1)} s; projections waited ${Math.round(heldMs)} ms.`,
        );
        for (const { day, because } of kept)
          output.line(`${day} stays as it was: the journal does not tell of all its ${because} any more.`);
        return 0;
      } finally {
        await bus.close();
      }
    } finally {
      await database.destroy();
    }
  },
};
