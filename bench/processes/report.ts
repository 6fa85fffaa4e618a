import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { VERSION } from '#config';

/** What figures depend on besides the code; to be asked before the work begins. */
export function circumstances() {
  return {
    date: new Date().toISOString(),
    machine: {
      cores: cpus().length,
      model: cpus()[0]?.model,
      memory_gib: Math.round(totalmem() / 2 ** 30),
      // What else the machine did; a quiet one has less than 0.3 or so.
      load_average_before: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    },
    versions: { tidings: VERSION, node: process.version },
    durability: { postgres: 'fsync and synchronous_commit on', nats: 'sync_interval 1s' },
  };
}

/** Prints a report, and keeps it under bench/results/. */
export function keep<Report extends { date: string }>(bench: string, report: Report): void {
  const text = JSON.stringify(report, null, 2);
  console.log(text);
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${bench}-${report.date.slice(0, 10)}.json`, `${text}\n`);
}

/** Percentiles; undefined where there are no values. */
export function spread(values: number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) };
}

/**
 * Percentiles, to a tenth, of latencies in whole milliseconds. Both ends of such a latency are rounded down, so one of 3
 * is anything between 2 and 4: those of 3 are taken as evenly spread from 2.5 to 3.5.
 */
export function latencySpread(latencies: number[]) {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const rank = sorted.length * share;
    const found = sorted[Math.min(sorted.length - 1, Math.floor(rank))];
    if (found === undefined) return undefined;
    const first = sorted.indexOf(found);
    const within = (rank - first) / (sorted.lastIndexOf(found) + 1 - first);
    return Math.round(Math.max(0, found - 0.5 + within) * 10) / 10;
  };
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) };
}
