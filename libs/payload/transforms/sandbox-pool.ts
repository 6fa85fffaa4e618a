import { FairQueue, type Pace } from './fair-queue.js';
import { Sandbox, SandboxDied } from './sandbox.js';
import type { Transformer, TransformInput, TransformOutcome, TransformRun } from './transform.js';
import { failed, outcomeOf, readAnswer, refusalOf, type SandboxAnswer } from './wanted-request.js';

export interface SandboxSettings {
  /** How many processes; with one alone, slow webhooks share it with quick ones. */
  processes: number;
  /** How long a run may take, in milliseconds. */
  timeoutMs: number;
}

/**
 * What became of a transform: it said what is wanted or `dropped` the delivery; it `failed`, was stopped because it
 * took too long (`overdue`), its process ended (`died`), or it was not run (`busy`).
 */
export type TransformEnd = 'request' | 'dropped' | 'failed' | 'overdue' | 'died' | 'busy';

/** No process of the sandbox could be started, or there is no room in its queue. */
export class SandboxUnavailable extends Error {
  override readonly name = 'SandboxUnavailable';
}

const START_AGAIN_MS = 200;
const START_AGAIN_MAX_MS = 10_000;
/** How long a run may wait for its turn: its attempt holds a place of its webhook meanwhile. */
const WAIT_MS = 30_000;

type Parts = readonly (string | Uint8Array)[];

interface Asked {
  answer: SandboxAnswer | undefined;
  /** Why there is no answer: the process died of it. */
  died?: SandboxDied;
  ms: number;
}

interface Job {
  parts: Parts;
  since: number;
  resolve: (asked: Asked) => void;
  reject: (error: SandboxUnavailable) => void;
}

/**
 * A place for one process: empty -> starting -> idle <-> running -> empty.
 * After a start that failed it stays empty for a while.
 */
interface Place {
  paces: readonly Pace[];
  busy: boolean;
  sandbox: Sandbox | undefined;
  failedStarts: number;
  notBefore: number;
}

/** Runs tenants' code in processes of their own, started when they are first needed. */
export class SandboxPool implements Transformer {
  private readonly queue: FairQueue<Job>;
  private readonly places: Place[];
  private closed = false;

  /** @param observed told of each run, with how long it took in milliseconds; for the metrics */
  constructor(
    private readonly settings: SandboxSettings,
    private readonly observed?: (end: TransformEnd, ms: number) => void,
  ) {
    const { processes } = settings;
    const forSlow = Math.max(1, Math.floor(processes / 2));
    // A webhook that hangs for the first time shall not have all of them.
    this.queue = new FairQueue(forSlow);
    this.places = Array.from({ length: processes }, (_, i) => ({
      // Those for quick webhooks alone come first, so that the others stay free for slow ones.
      paces: pacesOf(i < processes - forSlow, processes),
      ...{ busy: false, sandbox: undefined, failedStarts: 0, notBefore: 0 },
    }));
  }

  /** The processes there are. */
  get pids(): number[] {
    return this.places.flatMap(({ sandbox }) => (sandbox?.alive && sandbox.pid ? [sandbox.pid] : []));
  }

  /** Runs that wait for a process. */
  get waiting(): number {
    return this.queue.length;
  }

  async run(webhook: string, code: string, input: TransformInput): Promise<TransformRun> {
    const { id, type, timestamp, data, metadata } = input;
    const { webhook_id, delivery_id, attempt, method, path } = input;
    const head = { id, type, timestamp, webhook_id, delivery_id, attempt, method, path };
    const parts = ['run', webhook, code, JSON.stringify(head), data, metadata ?? 'null'];
    try {
      const { answer, died, ms } = await this.ask(webhook, parts, code.length + data.length);
      const outcome = answer ? outcomeOf(answer, input) : diedOf(died, this.settings.timeoutMs);
      this.observed?.(answer ? outcome.kind : died?.overdue ? 'overdue' : 'died', ms);
      return { outcome, console: answer?.console ?? [], duration_ms: ms };
    } catch (error) {
      this.observed?.('busy', 0);
      const message = `The transform was not run: ${(error as Error).message}.`;
      return { outcome: { kind: 'failed', message, busy: true }, console: [], duration_ms: 0 };
    }
  }

  /**
   * Whether there is a transform in the code: it is compiled, and what stands outside of functions is run.
   * @param owner whose it is, as with `run`
   * @returns what is wrong with it; undefined when nothing is
   * @throws SandboxUnavailable when that cannot be said
   */
  async check(owner: string, code: string): Promise<string | undefined> {
    const { answer, died } = await this.ask(owner, ['check', owner, code], code.length);
    if (answer?.kind === 'sound') return undefined;
    return refusalOf(answer) ?? reasonOf(died, this.settings.timeoutMs);
  }

  /** Ends the processes; what waits is answered as not run. */
  close(): void {
    this.closed = true;
    for (const place of this.places) place.sandbox?.kill();
    this.refuseAll('the sandbox is closed');
  }

  private ask(webhook: string, parts: Parts, bytes: number): Promise<Asked> {
    return new Promise((resolve, reject) => {
      const job = { parts, since: Date.now(), resolve, reject };
      const full = this.closed ? 'the sandbox is closed' : this.queue.add(webhook, job, bytes);
      if (full === undefined) this.pump();
      else reject(new SandboxUnavailable(full));
    });
  }

  private pump(): void {
    const now = Date.now();
    if (this.places.every(({ notBefore }) => notBefore > now)) {
      this.refuseAll('the sandbox cannot be started');
      return;
    }
    for (const place of this.places) {
      if (place.busy || place.notBefore > now) continue;
      const next = this.nextFor(place, now);
      if (next) void this.serve(place, next.webhook, next.value);
    }
  }

  private nextFor({ paces }: Place, now: number): ReturnType<FairQueue<Job>['next']> {
    for (;;) {
      const next = this.queue.next(paces);
      if (!next || now - next.value.since <= WAIT_MS) return next;
      next.value.reject(new SandboxUnavailable(`it waited for ${WAIT_MS / 1_000} s and was not its turn`));
      this.queue.done(next.webhook, undefined);
    }
  }

  private async serve(place: Place, webhook: string, job: Job): Promise<void> {
    place.busy = true;
    let ms: number | undefined;
    try {
      let asked = await this.askIn(await this.sandboxOf(place), job.parts);
      // It ended while it had nothing to do, and was not known to have.
      if (asked.died?.unasked) asked = await this.askIn(await this.sandboxOf(place), job.parts);
      ms = asked.ms;
      job.resolve(asked);
    } catch (error) {
      job.reject(error as SandboxUnavailable);
    }
    place.busy = false;
    // Where one process serves both, they take turns.
    if (this.places.length === 1) place.paces = place.paces.toReversed();
    this.queue.done(webhook, ms);
    this.pump();
  }

  private async askIn(sandbox: Sandbox, parts: Parts): Promise<Asked> {
    const begun = performance.now();
    try {
      const answer = readAnswer(await sandbox.run(parts));
      const ms = performance.now() - begun;
      if (!answer) sandbox.kill();
      // The process's own figure leaves out how long others had the machine.
      return { answer, ms: Math.min(ms, answer?.ms ?? ms) };
    } catch (error) {
      if (!(error instanceof SandboxDied)) throw error;
      return { answer: undefined, died: error, ms: performance.now() - begun };
    }
  }

  private async sandboxOf(place: Place): Promise<Sandbox> {
    if (place.sandbox?.alive) return place.sandbox;
    try {
      place.sandbox = await Sandbox.start(this.settings.timeoutMs);
    } catch (error) {
      const wait = Math.min(START_AGAIN_MS * 2 ** place.failedStarts++, START_AGAIN_MAX_MS);
      place.notBefore = Date.now() + wait;
      // Slow ones may wait for this place alone.
      setTimeout(() => this.pump(), wait + 1).unref();
      throw new SandboxUnavailable('the sandbox cannot be started', { cause: error });
    }
    place.failedStarts = 0;
    if (this.closed) {
      place.sandbox.kill();
      throw new SandboxUnavailable('the sandbox is closed');
    }
    return place.sandbox;
  }

  private refuseAll(why: string): void {
    for (const { reject } of this.queue.drain()) reject(new SandboxUnavailable(why));
  }
}

function pacesOf(quickOnly: boolean, processes: number): readonly Pace[] {
  if (quickOnly) return ['quick'];
  return processes === 1 ? ['quick', 'slow'] : ['slow', 'quick'];
}

function diedOf(died: SandboxDied | undefined, timeoutMs: number): TransformOutcome {
  return failed(reasonOf(died, timeoutMs));
}

function reasonOf(died: SandboxDied | undefined, timeoutMs: number): string {
  if (died?.overdue) return `it took longer than ${timeoutMs} ms, and its process had to be killed`;
  return 'the process that it ran in ended';
}
