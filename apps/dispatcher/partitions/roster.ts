import type { Announcement, Member } from '#bus';
import { momentNow, type Moment } from './fence.js';

interface Seen {
  revision: number;
  /** When we first saw its last announcement; undefined when we saw only one, which may have been old. */
  renewedAt: Moment | undefined;
}

/**
 * Who is there, as this member knows it.
 *
 *   unknown --announced--> living --(forgotten by the server, and not seen anew for as long)--> dead
 *                             `--said goodbye--> dead
 *
 * The server's word alone is not enough: it may have lost its storage, and
 * with it every announcement, while those who made them still deliver.
 */
export class Roster {
  private readonly seen = new Map<string, Seen>();
  private told = new Map<string, Announcement>();

  /** @param forgottenAfterMs a member that has not announced itself for so long has stopped by itself */
  constructor(
    private readonly forgottenAfterMs: number,
    private readonly now: () => Moment = momentNow,
  ) {}

  /** @param members all that the server knows */
  update(members: Member[]): void {
    this.told = new Map();
    for (const { id, revision, announcement } of members) {
      if (!announcement) {
        this.seen.delete(id);
        continue;
      }
      this.told.set(id, announcement);
      const known = this.seen.get(id);
      if (known?.revision !== revision)
        this.seen.set(id, { revision, renewedAt: known ? this.now() : undefined });
    }
    for (const id of this.seen.keys()) if (!this.told.has(id) && !this.isFresh(id)) this.seen.delete(id);
  }

  /**
   * We were cut off, and perhaps the others were too: whoever was there gets
   * the whole time again to come back before they count as dead.
   */
  wait(): void {
    for (const seen of this.seen.values()) seen.renewedAt = this.now();
  }

  /** What the members say of themselves. */
  get announced(): ReadonlyMap<string, Announcement> {
    return this.told;
  }

  /** All who may still hold something. */
  get living(): ReadonlySet<string> {
    return new Set([...this.told.keys(), ...[...this.seen.keys()].filter((id) => this.isFresh(id))]);
  }

  private isFresh(id: string): boolean {
    const renewedAt = this.seen.get(id)?.renewedAt;
    return renewedAt !== undefined && this.now().steady - renewedAt.steady < this.forgottenAfterMs;
  }
}
