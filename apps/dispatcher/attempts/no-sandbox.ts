import type { Transformer, TransformRun } from '#payload';

/** Stands where transforms would run, as long as there is no sandbox for them: each fails, and says so. */
export class NoSandbox implements Transformer {
  run(): Promise<TransformRun> {
    const message = 'This version of Tidings cannot run transforms yet.';
    return Promise.resolve({
      outcome: { kind: 'failed', message, busy: true },
      console: [],
      duration_ms: 0,
    });
  }
}
