import { setTimeout as sleep } from 'node:timers/promises';
import { restartDelayMs } from './restart-delay.js';
import { describeExit, startProgram, type Program, type RunningProgram } from './running-program.js';

/** What the supervisor of a program has to tell. */
export interface Watcher {
  /** A process was spawned; it does not serve yet. */
  spawned?(pid: number): void;
  /** The process serves. */
  up?(pid: number): void;
  /** It ended without being asked to, or could not be started again; it is started again after the wait. */
  down?(reason: string, retryInMs: number): void;
}

/**
 * Keeps a program running.
 *
 *   resting --start--> starting --serves--> up --ends--> waiting --delay--> starting
 *                         |                                 ^                  |
 *                         |                                 +----- fails ------+
 *                         +-- fails the first time: back to resting, start() rejects
 *
 * `stop` leads from any of them to stopped, for good. A first start that fails is
 * the caller's to judge; from then on the program is started again however often
 * it ends, each time with the same arguments, hence on the same address.
 */
export class SupervisedProgram {
  private running: RunningProgram | undefined;
  private keeping: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(
    readonly program: Program,
    private readonly watcher: Watcher = {},
  ) {}

  /** Of the process that runs now, if any. */
  get pid(): number | undefined {
    return this.running?.pid;
  }

  /**
   * Starts the program; resolves once it serves.
   * @throws Unavailable when it does not get there; AbortError when stop was called meanwhile
   */
  async start(): Promise<void> {
    const running = await this.startOnce();
    this.keeping = this.keep(running);
  }

  private async startOnce(): Promise<RunningProgram> {
    const running = await startProgram(
      this.program,
      (begun) => {
        this.running = begun;
        if (begun.pid !== undefined) this.watcher.spawned?.(begun.pid);
      },
      this.stopping.signal,
    );
    if (running.pid !== undefined) this.watcher.up?.(running.pid);
    return running;
  }

  private async keep(first: RunningProgram): Promise<void> {
    const { signal } = this.stopping;
    let running: RunningProgram | undefined = first;
    let delayMs = 0;
    while (!signal.aborted) {
      const { reason, servedMs } = await this.oneRun(running);
      running = undefined;
      if (signal.aborted) return;
      delayMs = restartDelayMs(delayMs, servedMs);
      this.watcher.down?.(reason, delayMs);
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Follows a run, begun here unless it is given, to its end. */
  private async oneRun(begun?: RunningProgram): Promise<{ reason: string; servedMs: number }> {
    try {
      const running = begun ?? (await this.startOnce());
      const servesSince = Date.now();
      const exit = await running.exited;
      return { reason: describeExit(exit), servedMs: Date.now() - servesSince };
    } catch (error) {
      return { reason: (error as Error).message, servedMs: 0 };
    }
  }

  /** Ends the program, in order or by force after the grace (milliseconds), and starts it no more. */
  async stop(graceMs?: number): Promise<void> {
    this.stopping.abort();
    await this.running?.stop(graceMs);
    await this.keeping;
  }
}
