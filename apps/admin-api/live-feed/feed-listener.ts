import { Readable } from 'node:stream';
import type { TenantId } from '#domain';
import { passes, type FeedFilter } from './feed-filter.js';
import { endOf, textOfPlace, type FeedItem, type FeedPlace } from './feed-item.js';

/** What may wait for a listener who does not read, in characters; then it is dropped. */
const MAX_WAITING = 1_048_576;
/** Live items that may wait while a listener is told what it missed. */
const MAX_HELD = 20_000;

/**
 * One who listens to the feed.
 *
 *   catching up --> live --> ended: by us (`end`), or by the listener
 *        `------------`---> dropped: it does not read, and what waits for it has come to the bound
 *
 * While it catches up, what is new waits; it follows in its order.
 */
export class FeedListener {
  /** What the listener reads. */
  readonly output: Readable;
  private held: FeedItem[] | undefined = [];
  private drained: (() => void) | undefined;
  private ended = false;

  /**
   * @param isAllowed whether its key is still good; rejects when nobody knows
   * @param gone told once when it listens no more, whoever ended it
   */
  constructor(
    readonly tenant: TenantId,
    private readonly filter: FeedFilter,
    readonly isAllowed: () => Promise<boolean>,
    gone: () => void,
  ) {
    this.output = new Readable({ read: () => this.goOn() });
    this.output.once('close', () => {
      this.held = undefined;
      this.goOn();
      gone();
    });
  }

  get isOver(): boolean {
    return this.ended || this.output.destroyed;
  }

  /** Something that has just happened. */
  offer(item: FeedItem): void {
    if (this.isOver || !passes(this.filter, item.state)) return;
    if (!this.held) this.write(item.text);
    else if (this.held.push(item) > MAX_HELD) this.drop();
  }

  /** Something that it missed. @returns a promise where it has enough to read for now */
  catchUp(item: FeedItem): Promise<void> | undefined {
    if (this.isOver || item.state.tenant !== this.tenant || !passes(this.filter, item.state))
      return undefined;
    if (this.output.push(item.text)) return undefined;
    return new Promise((resolve) => (this.drained = resolve));
  }

  /** It has been told what it missed. @param upTo the last message of JOURNAL that was looked at for that */
  goLive(upTo: FeedPlace['sequence']): void {
    const { held } = this;
    this.held = undefined;
    for (const item of held ?? []) if (item.place.sequence > upTo) this.write(item.text);
  }

  /** A sign of life, with the place that it has come to: who hears of little does not fall behind. */
  showLife(upTo: number): void {
    this.write(this.held ? ': still here\n\n' : `: still here\nid: ${textOfPlace(endOf(upTo))}\n\n`);
  }

  /** A server-sent event of another kind, or a comment. */
  write(text: string): void {
    if (this.isOver) return;
    if (this.output.readableLength + text.length > MAX_WAITING) this.drop();
    else this.output.push(text);
  }

  /** It may ask again, and go on where it is. */
  end(): void {
    if (this.isOver) return;
    this.ended = true;
    this.output.push(null);
  }

  /** The connection is cut: what waits would never be read. */
  drop(): void {
    this.output.destroy();
  }

  private goOn(): void {
    this.drained?.();
    this.drained = undefined;
  }
}
