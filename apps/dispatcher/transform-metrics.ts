import { Counter, Histogram, type Registry } from 'prom-client';
import { readGauge } from '#observability';
import type { SandboxPool, TransformEnd } from '#payload';

/**
 * What becomes of transforms.
 * @param pool asked for when the metrics are read, for it is made with the observer
 * @returns the pool's observer
 */
export function transformMetrics(
  registry: Registry,
  pool: () => Pick<SandboxPool, 'pids' | 'waiting'>,
): (end: TransformEnd, ms: number) => void {
  const registers = [registry];
  const runs = new Counter({
    name: 'tidings_transform_runs_total',
    help: 'Runs of transforms by their end: a request, dropped, failed (it threw, or took too long), overdue (its process had to be killed), died (its process ended), busy (it was not run).',
    labelNames: ['end'],
    registers,
  });
  const duration = new Histogram({
    name: 'tidings_transform_duration_seconds',
    help: 'Time of a processor that a transform took.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2],
    registers,
  });
  readGauge(
    registry,
    { name: 'tidings_transform_processes', help: 'Processes of the sandbox that run.' },
    () => pool().pids.length,
  );
  readGauge(
    registry,
    { name: 'tidings_transforms_waiting', help: 'Runs of transforms that wait for a process.' },
    () => pool().waiting,
  );
  return (end, ms) => {
    runs.inc({ end });
    if (end !== 'busy') duration.observe(ms / 1_000);
  };
}
