import { Agent } from 'undici';

export interface Call {
  method: 'GET' | 'POST' | 'PATCH';
  /** What follows /api/v1. */
  path: string;
  key: string;
  body?: object;
}

/** Milliseconds. */
export interface Latencies {
  p50: number;
  p99: number;
  max: number;
}

export interface LoadResult {
  per_second: number;
  /** At half of that rate. */
  half_load_ms: Latencies;
}

const IN_FLIGHT = 16;
const FULL_MS = 3_000;
const HALF_MS = 4_000;

const agent = new Agent({ connections: 64 });

/** @throws Error when it is answered with anything but success */
async function send(url: string, { method, path, key, body }: Call): Promise<void> {
  const response = await agent.request({
    origin: url,
    path: `/api/v1${path}`,
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
}

/** As many as the API answers to callers who ask again at once. @returns calls a second */
export async function atFullLoad(url: string, next: () => Call): Promise<number> {
  const begun = performance.now();
  let calls = 0;
  const work = async () => {
    while (performance.now() - begun < FULL_MS) {
      await send(url, next());
      calls++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return (calls * 1_000) / (performance.now() - begun);
}

/**
 * Calls at a steady rate, whether or not earlier ones are answered. What a
 * call waits for before it is sent counts too.
 * @returns milliseconds from when each was due to its answer, in order
 */
async function atRate(url: string, next: () => Call, perSecond: number): Promise<number[]> {
  const begun = performance.now();
  const latencies: number[] = [];
  const underWay: Promise<void>[] = [];
  const count = Math.floor((perSecond * HALF_MS) / 1_000);
  for (let i = 0; i < count; i++) {
    const due = begun + (i * 1_000) / perSecond;
    const early = due - performance.now();
    if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
    underWay.push(
      send(url, next()).then(() => {
        latencies.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(underWay);
  return latencies.sort((a, b) => a - b);
}

/** Measures one kind of call: how many a second, and how long they take at half of that. */
export async function measureCalls(url: string, next: () => Call): Promise<LoadResult> {
  const perSecond = await atFullLoad(url, next);
  return {
    per_second: Math.round(perSecond),
    half_load_ms: latenciesOf(await atRate(url, next, perSecond / 2)),
  };
}

/** @returns how long calls take when so many are made a second */
export async function measureAt(url: string, next: () => Call, perSecond: number): Promise<Latencies> {
  return latenciesOf(await atRate(url, next, perSecond));
}

/** Makes calls once each, one after the other: what they read may not be in memory. */
export async function measureFirst(url: string, calls: readonly Call[]): Promise<Latencies> {
  const latencies: number[] = [];
  for (const call of calls) {
    const begun = performance.now();
    await send(url, call);
    latencies.push(performance.now() - begun);
  }
  return latenciesOf(latencies.sort((a, b) => a - b));
}

function latenciesOf(sorted: readonly number[]): Latencies {
  const percentile = (share: number) => rounded(sorted[Math.floor((sorted.length - 1) * share)]);
  return { p50: percentile(0.5), p99: percentile(0.99), max: percentile(1) };
}

const rounded = (ms = 0) => Math.round(ms * 10) / 10;
