import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Unavailable } from '../unavailable.js';
import { STOP_GRACE_MS, type StopSignal } from './end-process.js';
import { exitReason } from './exit-reason.js';

/** A program and how to tell that it serves. */
export interface Program {
  /** As people see it, such as `PostgreSQL`. */
  readonly title: string;
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whom to run as, where the program must not run as this process's user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** A channel for messages, which also tells the child when this process dies. */
  readonly ipc?: boolean;
  /** Asks for an orderly end. */
  readonly stopSignal: StopSignal;
  /** Where everything that it prints goes. */
  readonly logFile: string;
  /** What has to be done before each start. */
  readonly beforeStart?: () => Promise<void>;
  /** Resolves once it serves; gives up when the signal is aborted. */
  readonly whenReady: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  /** How long it may take to serve, in milliseconds. */
  readonly readyWithinMs: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said about it, if anything. */
  readonly reason: string | undefined;
}

const LOG_KEPT_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;

/** Appends to the log; a large one is put aside first, for the old lines of long ago help nobody. */
function openLog(path: string): number {
  try {
    if (statSync(path).size > LOG_KEPT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // There is no log yet.
  }
  return openSync(path, 'a+', 0o600);
}

function readTail(log: number, from: number): string {
  const { size } = fstatSync(log);
  const start = Math.max(from, size - TAIL_BYTES);
  const bytes = Buffer.alloc(Math.max(0, size - start));
  readSync(log, bytes, 0, bytes.length, start);
  return bytes.toString('utf8');
}

export function describeExit({ code, signal, reason }: Exit): string {
  if (code === null && signal === null) return reason ?? 'it could not be run';
  const how = signal === null ? `exit code ${code}` : signal;
  return reason === undefined ? how : `${how}: ${reason}`;
}

/** One run of a program, from its spawning to its end. */
export class RunningProgram {
  readonly exited: Promise<Exit>;
  /** Resolves once it serves; rejects with Unavailable when it ends before, or does not serve in time. */
  readonly ready: Promise<void>;
  private readonly child: ChildProcess;
  private ended = false;

  /** Spawns the program. Its standard output and error go to its log file. */
  constructor(private readonly program: Program) {
    const { command, env, owner, ipc } = program;
    const log = openLog(program.logFile);
    const logStart = fstatSync(log).size;
    this.child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      // A group of its own: Ctrl-C in a terminal reaches the starter alone, which then stops all in order.
      detached: true,
      ...(env === undefined ? {} : { env }),
      ...owner,
    });
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null, fault?: Error): void => {
        if (this.ended) return;
        this.ended = true;
        resolve({ code, signal, reason: fault?.message ?? exitReason(readTail(log, logStart)) });
        closeSync(log);
      };
      this.child.once('exit', (code, signal) => end(code, signal));
      // A failed spawn; a failed message to a child that is just ending comes here as well.
      this.child.on('error', (error) => this.child.pid === undefined && end(null, null, error));
    });
    this.ready = this.awaitReady();
    // Whoever only stops it again need not listen.
    this.ready.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  private async awaitReady(): Promise<void> {
    const { title, whenReady, readyWithinMs, logFile } = this.program;
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), readyWithinMs);
    try {
      const outcome = await Promise.race([
        whenReady(this.child, over.signal).then(() => 'ready' as const),
        this.exited,
        new Promise<'late'>((resolve) => over.signal.addEventListener('abort', () => resolve('late'))),
      ]);
      if (outcome === 'ready') return;
      if (outcome === 'late')
        throw new Unavailable(
          `${title} did not come up within ${readyWithinMs / 1000} seconds; its log is ${logFile}.`,
        );
      throw new Unavailable(
        `${title} ended before it was ready (${describeExit(outcome)}); its log is ${logFile}.`,
      );
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  /** Ends it in order, or by force when it is still there after the grace (milliseconds). */
  async stop(graceMs: number = STOP_GRACE_MS): Promise<Exit> {
    if (!this.ended) this.child.kill(this.program.stopSignal);
    const grace = new AbortController();
    const late = sleep(graceMs, undefined, { signal: grace.signal }).then(
      () => this.kill(),
      () => undefined,
    );
    const exit = await this.exited;
    grace.abort();
    await late;
    return exit;
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<Exit> {
    if (!this.ended) this.child.kill('SIGKILL');
    return this.exited;
  }
}

/**
 * Starts a program and waits until it serves.
 * @param onSpawned told as soon as there is a process
 * @param signal when aborted before the process is spawned, none is; whoever aborts stops one that is
 * @throws Unavailable when it ends before it serves or does not serve in time; it is ended then
 */
export async function startProgram(
  program: Program,
  onSpawned?: (running: RunningProgram) => void,
  signal?: AbortSignal,
): Promise<RunningProgram> {
  signal?.throwIfAborted();
  await program.beforeStart?.();
  signal?.throwIfAborted();
  const running = new RunningProgram(program);
  onSpawned?.(running);
  try {
    await running.ready;
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  }
}
