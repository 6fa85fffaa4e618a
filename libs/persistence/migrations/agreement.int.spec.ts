import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { disagreements, migrate } from './migrate.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

const open = async (url: string) => openDatabase(url, { name: 'spec' });

describe('migrations', () => {
  it('make the schema that the entities describe', async () => {
    const database = await open(postgres.url);
    await migrate(database);
    expect(await disagreements(database)).toEqual([]);
    await database.destroy();
  });

  it('that make another schema are found out', async () => {
    const database = await open(await postgres.createDatabase());
    await migrate(database);
    for (const [drift, found] of [
      ['ALTER TABLE webhooks ADD COLUMN colour text', /DROP COLUMN "colour"/],
      ['ALTER TABLE events ALTER COLUMN type DROP NOT NULL', /"events" ALTER COLUMN "type" SET NOT NULL/],
      ['DROP INDEX deliveries_tenant_event_id', /CREATE INDEX "deliveries_tenant_event_id"/],
      [
        'ALTER TABLE ledger DROP CONSTRAINT ledger_aggregate_version',
        /ADD CONSTRAINT "ledger_aggregate_version"/,
      ],
    ] as const) {
      await database.query(drift);
      expect((await disagreements(database)).join('\n')).toMatch(found);
    }
    await database.destroy();
  });

  it('run once, whichever of several replicas that start together is first', async () => {
    const url = await postgres.createDatabase();
    const replicas = await Promise.all([open(url), open(url), open(url)]);
    const ran = await Promise.all(replicas.map(migrate));
    expect(ran.map((names) => names.length).sort()).toEqual([0, 0, replicas[0]?.migrations.length]);
    await Promise.all(replicas.map((database) => database.destroy()));
  });

  it('can be undone and done again', async () => {
    const database = await open(await postgres.createDatabase());
    await migrate(database);
    for (const _migration of database.migrations) await database.undoLastMigration();
    expect(await database.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)).toEqual([
      { tablename: 'migrations' },
    ]);
    await migrate(database);
    expect(await disagreements(database)).toEqual([]);
    await database.destroy();
  });
});
