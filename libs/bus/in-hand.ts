/** What may be in hand: in one hand at a time. */
export class Linked {
  /** @internal */
  before: Linked | undefined;
  /** @internal */
  after: Linked | undefined;
}

/**
 * What is in hand now, in the order in which it came: a set for what is added and
 * deleted all the time.
 *
 * A Map or Set makes itself a new table again and again then, and each old table
 * knows the next one and whatever was in it. Once one of them lies among V8's old
 * objects, everything that ever passes through is kept until the whole heap is
 * collected (ADR 0009). What is deleted here knows nothing of its neighbours.
 */
export class InHand<T extends Linked> implements Iterable<T> {
  /** After it comes the first, before it the last. */
  private readonly ends = new Linked();
  private count = 0;

  constructor() {
    this.ends.before = this.ends.after = this.ends;
  }

  get size(): number {
    return this.count;
  }

  add(item: T): void {
    const { ends } = this;
    const last = ends.before ?? ends;
    item.before = last;
    item.after = ends;
    last.after = item;
    ends.before = item;
    this.count++;
  }

  /** @returns whether it was in hand */
  delete(item: T): boolean {
    const { before, after } = item;
    if (!before || !after) return false;
    before.after = after;
    after.before = before;
    item.before = item.after = undefined;
    this.count--;
    return true;
  }

  /** The first first; the one that is at hand may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<T, void> {
    let item = this.ends.after;
    while (item && item !== this.ends) {
      const { after }: Linked = item;
      yield item as T;
      item = after;
    }
  }

  clear(): void {
    for (const item of this) this.delete(item);
  }
}
