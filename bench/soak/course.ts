import { spread } from '../processes/report.js';

export interface Sample {
  /** Minutes since the beginning. */
  at: number;
  /** By how much the record is behind. */
  lag_seconds: number;
  memory_mib: Record<string, number>;
}

interface Course {
  /** Medians of the thirds of the time after the first sixth, in which caches and heaps fill. */
  thirds_mib: number[];
  max_mib: number;
  /** The line of least squares through those thirds. */
  growth_mib_per_hour: number;
}

/**
 * How memory and lag went.
 * @param samples in their order
 */
export function course(samples: readonly Sample[]): {
  memory: Record<string, Course>;
  projection_lag_seconds: ReturnType<typeof spread>;
} {
  const settled = samples.slice(Math.floor(samples.length / 6));
  const names = Object.keys(samples[0]?.memory_mib ?? {});
  const of = (name: string) => settled.map(({ at, memory_mib }) => ({ at, mib: memory_mib[name] ?? 0 }));
  return {
    memory: Object.fromEntries(names.map((name) => [name, courseOf(of(name))])),
    projection_lag_seconds: spread(samples.map(({ lag_seconds }) => Math.round(lag_seconds * 100) / 100)),
  };
}

interface Point {
  at: number;
  mib: number;
}

function courseOf(points: readonly Point[]): Course {
  const third = Math.ceil(points.length / 3);
  const thirds = [0, 1, 2].map((n) => median(points.slice(n * third, (n + 1) * third)));
  return {
    thirds_mib: thirds.map(Math.round),
    max_mib: Math.round(Math.max(...points.map(({ mib }) => mib))),
    growth_mib_per_hour: Math.round(slope(points) * 60),
  };
}

function median(points: readonly Point[]): number {
  const sorted = points.map(({ mib }) => mib).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function slope(points: readonly Point[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = mean(points.map((point) => point.at));
  const mib = mean(points.map((point) => point.mib));
  const square = (value: number) => value * value;
  const together = points.reduce((sum, point) => sum + (point.at - at) * (point.mib - mib), 0);
  return together / points.reduce((sum, point) => sum + square(point.at - at), 0);
}
