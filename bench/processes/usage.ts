import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts CPU time in hundredths of a second (USER_HZ). */
const TICK_US = 10_000;

interface Usage {
  cpuUs: number;
  residentBytes: number;
}

function processUsage(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold spaces; fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Its own, and those of its children that have ended (PostgreSQL's workers).
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const smaps = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const proportional = Number(/^Pss:\s+(\d+) kB/m.exec(smaps)?.[1] ?? 0);
    return { cpuUs: ticks * TICK_US, residentBytes: proportional * 1024 };
  } catch {
    return undefined;
  }
}

function parents(): Map<number, number> {
  const byPid = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      byPid.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Gone since the folder was read.
    }
  }
  return byPid;
}

/** CPU time spent so far (microseconds) and memory held now (proportional set size) by a process and its children. */
export function usageOf(root: number): Usage {
  const parentOf = parents();
  const belongs = (pid: number): boolean =>
    pid === root || (parentOf.has(pid) && pid !== 1 && belongs(parentOf.get(pid) ?? 1));
  let cpuUs = 0;
  let residentBytes = 0;
  for (const pid of parentOf.keys()) {
    if (!belongs(pid)) continue;
    const usage = processUsage(pid);
    cpuUs += usage?.cpuUs ?? 0;
    residentBytes += usage?.residentBytes ?? 0;
  }
  return { cpuUs, residentBytes };
}

/** How many cores each process kept busy while something was done, and how much memory it holds after it. */
export async function usageDuring(
  pids: Record<string, number>,
  work: () => Promise<unknown>,
): Promise<{ seconds: number; cores: Record<string, number>; memory_mib: Record<string, number> }> {
  const before = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid)]));
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  const cores: Record<string, number> = {};
  const memory: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    const after = usageOf(pid);
    cores[name] = Math.round((after.cpuUs - (before[name]?.cpuUs ?? 0)) / ms / 10) / 100;
    memory[name] = Math.round(after.residentBytes / 2 ** 20);
  }
  return { seconds: Math.round(ms / 100) / 10, cores, memory_mib: memory };
}
