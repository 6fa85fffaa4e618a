import { SandboxPool, type TransformInput, type TransformRun } from '#payload';
import { usageOf } from '../processes/usage.js';
import { EVENTS } from './events.js';
import { rounded } from './median.js';

const PROCESSES = 2;
const AT_ONCE = 32;

const CODES: Record<string, string> = {
  untouched: 'function transform(event) { return event; }',
  changed:
    'function transform(event) { event.data.seen = true; event.headers["X-Seen"] = "1"; return event; }',
  body: 'function transform(event) { return { body: { text: event.data.customer.id } }; }',
};

interface Figures {
  /** From asking to the answer, one run after another. */
  us_alone: number;
  /** Of which the dispatcher, and the sandbox's processes. */
  cpu_us: { dispatcher: number; sandbox: number };
  runs_per_second: number;
}

/** What a transform costs through the pool, where a webhook's runs follow one another or the webhooks change. */
export async function transformFigures() {
  const pool = new SandboxPool({ processes: PROCESSES, timeoutMs: 2_000 });
  const figures: Record<string, Record<string, Figures>> = {};
  for (const [name, code] of Object.entries(CODES)) {
    figures[name] = {
      small: await measured(pool, code, 'small', 2_000, 1),
      large: await measured(pool, code, 'large', 200, 1),
    };
  }
  figures['untouched_for_200_webhooks_in_turn'] = {
    small: await measured(pool, CODES['untouched'] ?? '', 'small', 2_000, 200),
  };
  const memory = pool.pids.map((pid) => Math.round(usageOf(pid).residentBytes / 2 ** 20));
  pool.close();
  return { ...figures, memory_mib_each: memory };
}

async function measured(
  pool: SandboxPool,
  code: string,
  size: 'small' | 'large',
  runs: number,
  webhooks: number,
): Promise<Figures> {
  const input: TransformInput = { ...EVENTS[size], method: 'POST', path: '/' };
  const run = async (i: number) => checked(await pool.run(`wh_${i % webhooks}`, code, input));
  for (let i = 0; i < 100; i++) await run(i);
  const begun = performance.now();
  for (let i = 0; i < runs / 2; i++) await run(i);
  const alone = (performance.now() - begun) / (runs / 2);
  const before = usage(pool);
  const together = performance.now();
  for (let i = 0; i < runs; i += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, k) => run(i + k)));
  const count = Math.ceil(runs / AT_ONCE) * AT_ONCE;
  const ms = performance.now() - together;
  const after = usage(pool);
  return {
    us_alone: rounded(alone * 1_000),
    cpu_us: {
      dispatcher: rounded((after.dispatcher - before.dispatcher) / count),
      sandbox: rounded((after.sandbox - before.sandbox) / count),
    },
    runs_per_second: rounded((count / ms) * 1_000),
  };
}

function usage(pool: SandboxPool) {
  const { user, system } = process.cpuUsage();
  const sandbox = pool.pids.reduce((sum, pid) => sum + usageOf(pid).cpuUs, 0);
  return { dispatcher: user + system, sandbox };
}

function checked({ outcome }: TransformRun): void {
  if (outcome.kind !== 'request') throw new Error(JSON.stringify(outcome));
}
