/** Within a scrape's time, and well below it. */
const WITHIN_MS = 2_000;

/**
 * Figures that cost a server something: they are read at most so often, by one reading at a time, and whoever asks
 * gets what was read last. A reading that fails or takes too long gives undefined.
 */
export class KeptFigures<Figures> {
  private reading: Promise<Figures | undefined> | undefined;
  private last: { figures: Figures | undefined; at: number } | undefined;

  /** @param keptMs for how long figures are good enough */
  constructor(
    private readonly read: () => Promise<Figures>,
    private readonly keptMs: number,
    private readonly withinMs = WITHIN_MS,
  ) {}

  async get(): Promise<Figures | undefined> {
    if (this.last && performance.now() - this.last.at < this.keptMs) return this.last.figures;
    this.reading ??= this.readNow().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readNow(): Promise<Figures | undefined> {
    const figures = await inTime(this.read, this.withinMs);
    this.last = { figures, at: performance.now() };
    return figures;
  }
}

/** @returns what was read; undefined when that failed, or took longer */
export async function inTime<Value>(
  read: () => Promise<Value>,
  withinMs: number,
): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, withinMs, undefined);
  });
  try {
    return await Promise.race([read(), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
