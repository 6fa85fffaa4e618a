import type { KeyId } from '#domain';
import type { Logger } from '#observability';
import { DataSource, noteKeyUse } from '#persistence';

const ONCE_IN_MS = 60_000;
const COLLECT_MS = 500;
const REMEMBERED = 10_000;

/** Writes when keys were last used: behind the requests, and at most once a minute for each key. */
export class KeyUse {
  private readonly written = new Map<KeyId, number>();
  private pending = new Map<KeyId, Date>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly logger: Logger,
  ) {}

  note(id: KeyId, now = Date.now()): void {
    if (now - (this.written.get(id) ?? 0) < ONCE_IN_MS) return;
    if (this.written.size >= REMEMBERED) this.written.clear();
    this.written.set(id, now);
    this.pending.set(id, new Date(now));
    this.timer ??= setTimeout(() => void this.write(), COLLECT_MS);
  }

  /** Writes what was noted and waits for it. */
  async close(): Promise<void> {
    await this.write();
  }

  private write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const uses = [...this.pending].map(([id, at]) => ({ id, at }));
    this.pending = new Map();
    if (uses.length === 0) return this.writing;
    this.writing = noteKeyUse(this.database, uses).catch((error: unknown) => {
      // Worth a line and no more: the keys work, and their next use in a minute is noted again.
      this.logger.warn({ err: error }, 'the last use of keys could not be written');
    });
    return this.writing;
  }
}
