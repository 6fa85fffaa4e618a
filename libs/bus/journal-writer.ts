import { randomUUID } from 'node:crypto';
import type { Fact } from '#domain';
import type { Publisher } from './publisher.js';

const FLUSH_AFTER_MS = 10;
const MAX_FACTS = 100;
/** Well below the 1 MiB that a nats-server takes by default. */
const MAX_CHARS = 256 * 1024;
const RETRY_MS = 200;

/** Told of what is written, for the metrics. */
export interface JournalObserver {
  /**
   * A batch is stored.
   * @param ms from when it left until JetStream had it
   */
  stored: (facts: number, ms: number) => void;
  /** JetStream did not take a batch; it is tried again. */
  refused: () => void;
}

interface Batch {
  facts: string[];
  chars: number;
  stored: Promise<void>;
  settle: () => void;
}

/**
 * Writes facts to the stream JOURNAL, many in one message: a message each
 * would cost more than the rest of a delivery (docs/adr/0001). A batch leaves
 * when it is 10 ms old, holds 100 facts or 256 KiB, and is tried again until
 * JetStream has it; nobody acknowledges a message before its facts are stored.
 */
export class JournalWriter {
  private readonly subject: string;
  private open: Batch | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly underWay = new Set<Promise<void>>();
  private closed = false;
  /** No two writers have the same. */
  private readonly name = randomUUID();
  private batches = 0;
  private unstored = 0;

  /**
   * @param source who writes; the last token of the subject
   * @param observer told of what is written
   */
  constructor(
    private readonly publisher: Publisher,
    source: string,
    private readonly observer?: JournalObserver,
  ) {
    this.subject = `journal.${source}`;
  }

  /** Facts that are not stored yet. */
  get waiting(): number {
    return this.unstored;
  }

  /** Resolves when the fact is stored. Never rejects. */
  append(fact: Fact): Promise<void> {
    const text = JSON.stringify(fact);
    if (this.open && this.open.chars + text.length > MAX_CHARS) this.flush();
    const batch = (this.open ??= this.begin());
    batch.facts.push(text);
    this.unstored++;
    batch.chars += text.length;
    if (batch.facts.length >= MAX_FACTS) this.flush();
    return batch.stored;
  }

  /** Stores what is there and waits for it; what cannot be stored in time stays unacknowledged at its source. */
  async close(withinMs: number): Promise<void> {
    this.flush();
    const all = Promise.all(this.underWay).then(() => undefined);
    const late = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    await Promise.race([all, late]);
    this.closed = true;
  }

  private begin(): Batch {
    let settle = () => {};
    const stored = new Promise<void>((resolve) => (settle = resolve));
    this.timer = setTimeout(() => this.flush(), FLUSH_AFTER_MS);
    return { facts: [], chars: 0, stored, settle };
  }

  private flush(): void {
    const batch = this.open;
    if (!batch) return;
    clearTimeout(this.timer);
    this.open = undefined;
    const underWay = this.store(batch).finally(() => this.underWay.delete(underWay));
    this.underWay.add(underWay);
  }

  private async store(batch: Batch): Promise<void> {
    const payload = `[${batch.facts.join(',')}]`;
    // What a dying leader took with it is sent again after a second, and what it had stored is stored once.
    const dedupId = `${this.name}-${this.batches++}`;
    const since = performance.now();
    while (!this.closed) {
      try {
        await this.publisher.publish(this.subject, payload, { dedupId });
        this.unstored -= batch.facts.length;
        this.observer?.stored(batch.facts.length, performance.now() - since);
        batch.settle();
        return;
      } catch {
        this.observer?.refused();
        // Beyond the stream's window facts may be stored twice; projections know them again by their ids.
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

/** The facts of one message of the stream JOURNAL. */
export function readFacts(payload: Uint8Array): Fact[] {
  return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()) as Fact[];
}
