import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrokenFrame, FrameReader, frameOf } from './frames.js';
import { DRIVER } from './sandbox-driver.js';

// In the specs the source itself is run: node takes the types away.
const PROGRAM = fileURLToPath(new URL(`./quickjs-process${import.meta.url.slice(-3)}`, import.meta.url));
const START_WITHIN_MS = 20_000;
/** Beyond the time that a run has: QuickJS stops it by itself, unless native code of its own does not look at the clock. */
const GRACE_MS = 500;
const HEAP_MIB = 64;

/** The sandbox's process ended, or was ended, before it answered. */
export class SandboxDied extends Error {
  override readonly name = 'SandboxDied';

  constructor(
    message: string,
    /** Whether it was killed because it did not stop in time. */
    readonly overdue: boolean,
    /** Whether it was gone before it was asked. */
    readonly unasked = false,
  ) {
    super(message);
  }
}

interface Waiting {
  resolve: (parts: Buffer[]) => void;
  reject: (error: SandboxDied) => void;
  timer: NodeJS.Timeout;
}

/**
 * A process in which transforms run, one at a time:
 * starting -> idle <-> running -> dead. It has no environment, may read the
 * QuickJS packages and itself and nothing else, may start no process, thread
 * or addon, and has no handle but its standard input and output.
 */
export class Sandbox {
  private readonly reader = new FrameReader();
  private waiting: Waiting | undefined;
  private gone = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly timeoutMs: number,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => this.heard(chunk));
    child.stdin?.on('error', () => this.die("The sandbox's process is not there.", false, true));
    child.on('error', (error) => this.die(`The sandbox's process could not be started: ${error.message}`));
    child.on('exit', (code, signal) =>
      this.die(`The sandbox's process ended with ${signal ?? `exit code ${code}`}.`),
    );
  }

  /**
   * @param timeoutMs how long a run may take
   * @param program what is run; specs run others, that are hostile
   * @throws SandboxDied when it does not come up
   */
  static async start(timeoutMs: number, program = PROGRAM): Promise<Sandbox> {
    const child = spawn(process.execPath, [...sandboxFlags(), program, String(timeoutMs)], {
      ...{ env: {}, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true },
    });
    const sandbox = new Sandbox(child, timeoutMs);
    await sandbox.ask(['driver', DRIVER], START_WITHIN_MS);
    return sandbox;
  }

  get alive(): boolean {
    return !this.gone;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /**
   * @param parts what to do, and with what; nothing else may be under way
   * @returns what the process answered, unread
   * @throws SandboxDied when it ended meanwhile, was killed at its deadline, or broke the agreement
   */
  run(parts: readonly (string | Uint8Array)[]): Promise<Buffer[]> {
    return this.ask(parts, this.timeoutMs + GRACE_MS);
  }

  kill(message = "The sandbox's process was ended.", overdue = false): void {
    this.child.kill('SIGKILL');
    this.die(message, overdue);
  }

  private ask(parts: readonly (string | Uint8Array)[], withinMs: number): Promise<Buffer[]> {
    return new Promise((resolve, reject) => {
      if (this.gone || this.waiting) {
        reject(new SandboxDied('The sandbox cannot take a run now.', false, true));
        return;
      }
      const timer = setTimeout(
        () => this.kill(`The sandbox's process did not answer within ${withinMs} ms.`, true),
        withinMs,
      );
      this.waiting = { resolve, reject, timer };
      this.child.stdin?.write(frameOf(parts));
    });
  }

  private heard(chunk: Buffer): void {
    if (this.gone) return;
    try {
      const parts = this.reader.read(chunk);
      if (!parts) return;
      const waiting = this.waiting;
      if (!waiting) throw new BrokenFrame('It spoke without being asked.');
      this.waiting = undefined;
      clearTimeout(waiting.timer);
      waiting.resolve(parts);
    } catch (error) {
      this.kill(`The sandbox's process broke the agreement: ${(error as Error).message}`);
    }
  }

  private die(message: string, overdue = false, unasked = false): void {
    if (this.gone) return;
    this.gone = true;
    const waiting = this.waiting;
    this.waiting = undefined;
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.reject(new SandboxDied(message, overdue, unasked));
  }
}

/** With what Node.js is started for a process of the sandbox. */
export function sandboxFlags(): string[] {
  const require = createRequire(import.meta.url);
  const folderOf = (name: string) => dirname(dirname(require.resolve(name)));
  const readable = [
    PROGRAM,
    folderOf('quickjs-emscripten-core'),
    // The variant, and the types beside it, from which a few constants are taken.
    dirname(folderOf('@jitl/quickjs-wasmfile-release-sync')),
  ];
  // Node.js 20 knows the permission model by its earlier name.
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  return [
    ...[permission, ...readable.map((path) => `--allow-fs-read=${path}`)],
    ...['--disallow-code-generation-from-strings', '--no-addons'],
    ...[`--max-old-space-size=${HEAP_MIB}`, '--max-semi-space-size=2'],
  ];
}
