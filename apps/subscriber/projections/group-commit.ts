import type { Fact } from '#domain';

interface Waiting {
  facts: Fact[];
  written: () => void;
}

export interface GroupCommitOptions {
  /** Writes facts, all or none. */
  write: (facts: Fact[]) => Promise<void>;
  /** Whether the same facts may be written later although writing them failed now. */
  isTransient: (error: unknown) => boolean;
  /** Told of facts that can never be written, and of the database taking nothing. */
  report: (problem: string, error: unknown, facts: number) => void;
  /** Told of a fact that is passed over, for it can never be written. */
  passedOver?: (fact: Fact) => void;
}

/** How long the first facts of a batch wait for company, milliseconds: fewer, larger statements cost less each. */
const LINGER_MS = 20;
const MAX_FACTS = 2_000;
const RETRY_MS = 500;

/**
 * Writes what several messages brought in one go: while one batch is being
 * written, the next one gathers.
 *
 *   idle --> lingering --> writing --> lingering or idle
 *
 * When the database is away, full or not yet migrated, a batch is tried again until it is back. A batch
 * with a fact that cannot be written is halved until that fact stands alone;
 * it is reported and passed over, so that no fact ever blocks those behind it.
 */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private running = false;
  private closed = false;

  constructor(private readonly options: GroupCommitOptions) {}

  /** Resolves when the facts are written (or passed over, and reported). Does not resolve after `close`. */
  add(facts: Fact[]): Promise<void> {
    return new Promise((written) => {
      this.waiting.push({ facts, written });
      if (!this.running) void this.run();
    });
  }

  /** Facts that wait to be written, those apart that are being written. */
  get waitingFacts(): number {
    return this.waiting.reduce((sum, { facts }) => sum + facts.length, 0);
  }

  /** Gives up waiting for a database that is away; what is unwritten stays with its messages. */
  close(): void {
    this.closed = true;
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0 && !this.closed) {
      await pause(LINGER_MS);
      const batch = this.take();
      if (!(await this.writeAll(batch.flatMap(({ facts }) => facts)))) break;
      for (const { written } of batch) written();
    }
    this.running = false;
  }

  /** Messages up to the most facts that one statement shall carry, at least one. */
  private take(): Waiting[] {
    let facts = 0;
    const end = this.waiting.findIndex((next, i) => {
      facts += next.facts.length;
      return i > 0 && facts > MAX_FACTS;
    });
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }

  /** @returns false when it was closed before all was written */
  private async writeAll(facts: Fact[]): Promise<boolean> {
    if (facts.length === 0) return true;
    while (!this.closed) {
      try {
        await this.options.write(facts);
        return true;
      } catch (error) {
        if (!this.options.isTransient(error)) return this.writeHalves(facts, error);
        this.options.report('the database takes nothing now; facts wait', error, facts.length);
        await pause(RETRY_MS);
      }
    }
    return false;
  }

  private async writeHalves(facts: Fact[], error: unknown): Promise<boolean> {
    if (facts.length === 1) {
      this.options.report('a fact cannot be written and is passed over', error, 1);
      if (facts[0]) this.options.passedOver?.(facts[0]);
      return true;
    }
    const middle = Math.ceil(facts.length / 2);
    return (await this.writeAll(facts.slice(0, middle))) && (await this.writeAll(facts.slice(middle)));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
