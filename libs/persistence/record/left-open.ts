import type { EntityManager } from 'typeorm';
import type { DeliveryId } from '#domain';

/** An open delivery as it stands in `left_open`. */
export interface LeftOpen {
  delivery: DeliveryId;
  /** Its `updated_at` as it was left, milliseconds since 1970. */
  seen: number;
  /** Before this it is not worth a look, milliseconds since 1970. */
  checkAt: number;
}

/** What one row holds at most: whoever looks it through routes events meanwhile, and a row is looked at in one go. */
const PORTION = 250;

/** Says that deliveries are open; belongs into the transaction that leaves them so. */
export async function leaveOpen(manager: EntityManager, open: readonly LeftOpen[]): Promise<void> {
  for (const [checkAt, together] of Map.groupBy(open, ({ checkAt }) => checkAt)) {
    for (let i = 0; i < together.length; i += PORTION) {
      const portion = together.slice(i, i + PORTION);
      await manager.query(
        `INSERT INTO left_open (check_at, deliveries, seen)
         VALUES (to_timestamp($1::bigint / 1000.0), $2::text[], $3::bigint[])`,
        [checkAt, portion.map(({ delivery }) => delivery), portion.map(({ seen }) => seen)],
      );
    }
  }
}
