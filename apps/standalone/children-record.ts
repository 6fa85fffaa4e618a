import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { endProcess, identityOf, replaceFile, type Program } from '#embedded';

const recordSchema = z.array(
  z.object({
    name: z.string(),
    pid: z.int(),
    started: z.string(),
    stop_signal: z.enum(['SIGTERM', 'SIGINT', 'SIGKILL']),
  }),
);

type Entry = z.output<typeof recordSchema>[number];

/**
 * The processes that this start has begun, kept on disk. When it is killed, some
 * of them may live on; the next start ends exactly those, for each is named by
 * its number and its start, which no later process shares.
 */
export class ChildrenRecord {
  private readonly entries = new Map<string, Entry>();
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {}

  /** Notes the process that now runs under a name. */
  note(name: string, pid: number, stopSignal: Program['stopSignal']): void {
    this.writing = this.writing.then(async () => {
      const identity = await identityOf(pid);
      if (identity === undefined) return;
      this.entries.set(name, { name, ...identity, stop_signal: stopSignal });
      await replaceFile(this.path, JSON.stringify([...this.entries.values()]));
    });
    // A full disk must not end the system; the next start then has its servers' own files to go by.
    this.writing = this.writing.catch(() => undefined);
  }

  /** To be called when all have ended. */
  async clear(): Promise<void> {
    await this.writing;
    await rm(this.path, { force: true });
  }
}

/** Ends the processes that an earlier start left behind; answers with their names. */
export async function endLeftovers(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  let entries: Entry[] = [];
  try {
    entries = recordSchema.parse(JSON.parse(text));
  } catch {
    // Nothing to go by; the servers' own pid files remain.
  }
  const ended = await Promise.all(
    entries.map(async ({ name, pid, started, stop_signal: signal }) =>
      (await endProcess({ pid, started }, signal)) ? [name] : [],
    ),
  );
  await rm(path, { force: true });
  return ended.flat();
}
