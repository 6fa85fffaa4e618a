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

/** Percentiles of latencies in milliseconds; undefined where there are none. */
export function spread(latencies: number[]) {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) };
}
