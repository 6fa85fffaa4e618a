import { readFile } from 'node:fs/promises';
import { deliveryIdOf, newId, type AttemptRecord, type DeliveryRef, type Fact } from '#domain';
import { migrate, openDatabase, Projection } from '#persistence';
import { startPostgres } from '#testing';

/**
 * What it costs the projection to know which deliveries are open: deliveries
 * that are written pending, and as a success by a later statement, as in
 * adr/0007. Prints for each way, and each round, the CPU of PostgreSQL's one
 * backend and the write-ahead log, a delivery.
 * Arguments: how many deliveries, how many rounds.
 */
const DELIVERIES = Number(process.argv[2] ?? 100_000);
const ROUNDS = Number(process.argv[3] ?? 3);
/** Facts that are written together. */
const BATCH = 1_000;
/** A delivery ends this many batches after it began. */
const LATER = 5;
const TICKS_A_SECOND = 100;

const NOTHING = 'CREATE RULE unwritten AS ON INSERT TO left_open DO INSTEAD NOTHING';
const WAYS: Record<string, string[]> = {
  nothing: [NOTHING],
  left_open: [],
  'partial index': [
    NOTHING,
    `CREATE INDEX deliveries_open ON deliveries ((coalesce(next_attempt_at, updated_at)))
      WHERE status IN ('pending', 'retrying')`,
  ],
};

const body = JSON.stringify({ text: 'x'.repeat(600) });

function accepted(ref: DeliveryRef): Fact {
  const { tenant, event: id, event_type: type, delivery, webhook, created_at: accepted_at } = ref;
  const timestamp = new Date(accepted_at).toISOString();
  const matches = [{ delivery, webhook }];
  const data = body;
  return {
    kind: 'event.accepted',
    tenant,
    id,
    type,
    timestamp,
    accepted_at,
    data,
    metadata: null,
    sequence: 1,
    match_count: 1,
    matches,
  };
}

function succeeded(ref: DeliveryRef): Fact {
  const attempt: AttemptRecord = {
    id: newId('att'),
    number: 1,
    trigger: 'auto',
    started_at: ref.created_at + 5,
    duration_ms: 5,
    request: { method: 'POST', url: 'https://example.com/', headers: { 'webhook-id': ref.event }, body },
    response: { status: 200, headers: { date: 'now' }, body: '', truncated: false },
    error: null,
  };
  return {
    kind: 'attempt.finished',
    ...ref,
    attempt,
    outcome: 'success',
    next_attempt_at: null,
    reason: null,
  };
}

function batches(): { begin: Fact[]; end: Fact[] }[] {
  return Array.from({ length: DELIVERIES / BATCH }, () => {
    const refs = Array.from({ length: BATCH }, (_, i): DeliveryRef => {
      const [event, webhook, created_at] = [newId('evt'), `wh_${i % 100}`, Date.now()];
      const delivery = deliveryIdOf(event, webhook, created_at);
      return { tenant: 'default', delivery, event, event_type: 'order.created', webhook, created_at };
    });
    return { begin: refs.map(accepted), end: refs.map(succeeded) };
  });
}

/** The CPU that a process has had, in seconds. */
async function cpuOf(pid: number): Promise<number> {
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(stat[11]) + Number(stat[12])) / TICKS_A_SECOND;
}

const postgres = await startPostgres({ disposable: false });

async function measure(way: string): Promise<void> {
  const url = await postgres.createDatabase();
  const migrated = await openDatabase(url, { name: 'bench' });
  await migrate(migrated);
  await migrated.destroy();
  const database = await openDatabase(url, { name: 'bench', poolSize: 1 });
  for (const statement of WAYS[way] ?? []) await database.query(statement);
  const state = async () => {
    const [row] = await database.query<{ pid: number; wal: string }[]>(
      `SELECT pg_backend_pid() AS pid, pg_current_wal_lsn() - '0/0' AS wal`,
    );
    return { cpu: await cpuOf(row?.pid ?? 0), wal: Number(row?.wal) };
  };
  const all = batches();
  const projection = new Projection(database);
  await projection.project([]);
  const before = await state();
  for (let i = 0; i < all.length + LATER; i++) {
    const facts = [...(all[i]?.begin ?? []), ...(all[i - LATER]?.end ?? [])];
    await projection.project(facts);
  }
  const after = await state();
  const cpu = ((after.cpu - before.cpu) * 1e6) / DELIVERIES;
  const wal = (after.wal - before.wal) / DELIVERIES;
  console.log(`${way}: ${cpu.toFixed(1)} us, ${wal.toFixed(0)} bytes of WAL`);
  await database.destroy();
}

for (let round = 0; round < ROUNDS; round++) for (const way of Object.keys(WAYS)) await measure(way);
await postgres.stop();
