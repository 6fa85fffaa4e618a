import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.js';

type Done = Parameters<SpanExporter['export']>[1];

/** How often one says that spans are lost, at most. */
const TELL_EVERY_MS = 60_000;

/** Exports spans, and tells of those that could not be: once, then once a minute, and when it works again. */
export class FoldedExporter implements SpanExporter {
  private toldAt = -Infinity;
  private lost = 0;
  private failing = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly logger: Pick<Logger, 'warn' | 'info'>,
  ) {}

  export(spans: ReadableSpan[], done: Done): void {
    this.exporter.export(spans, (result) => {
      // 0 is success; the enum's package is not ours.
      if (Number(result.code) === 0) this.worked();
      else this.failed(spans.length, result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.();
  }

  private worked(): void {
    if (!this.failing) return;
    this.failing = false;
    this.logger.info('spans are exported again');
  }

  private failed(spans: number, error: Error | undefined): void {
    this.failing = true;
    this.lost += spans;
    if (performance.now() - this.toldAt < TELL_EVERY_MS) return;
    this.logger.warn({ err: error, lost: this.lost }, 'spans could not be exported');
    this.toldAt = performance.now();
    this.lost = 0;
  }
}
