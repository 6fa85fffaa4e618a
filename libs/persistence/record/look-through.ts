import { pageAfter, type Page } from '../page.js';
import type { Stretch } from './stretches.js';

/** No further statement is begun after that. */
const BUDGET_MS = 12;

/**
 * Rows that the first statement looks at. After a quick one the next looks at
 * twice as many: what is in memory is looked through in few statements, and
 * where rows cost reads of a disk the last ends soon after the budget.
 */
const FIRST_PORTION = 125;
const QUICK_MS = BUDGET_MS / 4;

/** What one statement found. */
export interface Looked<Row> {
  /** In the order of the list, and no more than were wanted. */
  rows: Row[];
  /** The key after which there may be more in the stretch; null when it has been looked through. */
  goesOnAfter: string[] | null;
}

export interface Looking<Row> {
  /** The name of the list, for its cursors. */
  list: string;
  limit: number;
  /** The key of the last row that an earlier page had, or looked at. */
  after: string[] | undefined;
  keyOf: (row: Row) => string[];
  /** The key that comes after all rows of a time, milliseconds since 1970, and before all older ones. */
  keyAt: (time: number) => string[];
  /** Whether an index serves all stretches: they are few then, and none takes long. */
  isServed: boolean;
  /** One statement; where no index serves it, it looks at so many rows of a portion. */
  look: (
    stretch: Stretch,
    after: string[] | undefined,
    wanted: number,
    portion: number,
  ) => Promise<Looked<Row>>;
}

/**
 * Looks through stretches, one after the other, until a page is full. Where no
 * index serves them, it does so for a bounded time, whatever there is to look
 * through, and then gives what it found with a cursor from which to look on; so
 * a page may be short, even empty, and not the last.
 */
export async function lookThrough<Row>(
  stretches: readonly Stretch[],
  looking: Looking<Row>,
): Promise<Page<Row>> {
  const { list, limit, keyOf, keyAt, look } = looking;
  const enough = looking.isServed ? Infinity : performance.now() + BUDGET_MS;
  const rows: Row[] = [];
  let { after } = looking;
  let portion = FIRST_PORTION;
  for (const [index, stretch] of stretches.entries()) {
    for (;;) {
      const begun = performance.now();
      // One more than the page holds tells whether there is another page.
      const looked = await look(stretch, after, limit + 1 - rows.length, portion);
      if (performance.now() - begun < QUICK_MS) portion *= 2;
      rows.push(...looked.rows);
      if (rows.length > limit) {
        const page = rows.slice(0, limit);
        return pageAfter(list, page, keyOf(page[limit - 1] as Row));
      }
      if (looked.goesOnAfter) after = looked.goesOnAfter;
      else break;
      if (performance.now() > enough) return pageAfter(list, rows, after);
    }
    const isLast = index === stretches.length - 1;
    if (!isLast && performance.now() > enough) return pageAfter(list, rows, keyAt(stretch.from));
  }
  return { rows, nextCursor: null };
}
