import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import { Bus, BusUnreachableError, type JournalWriter } from '#bus';
import type { Fact } from '#domain';
import { journalMetrics, METRICS, type Registry } from '#observability';

/** Within this, a fact is stored or somebody is told that it is not yet. */
const WITHIN_MS = 5_000;
const CLOSE_MS = 2_000;

/** What people did to deliveries, told to the journal. */
@Injectable()
export class PeopleJournal implements OnApplicationShutdown {
  private readonly journal: JournalWriter;

  constructor(bus: Bus, @Optional() @Inject(METRICS) registry?: Registry) {
    const observer = registry && journalMetrics(registry, () => [this.journal]);
    this.journal = bus.journal('admin-api', observer);
  }

  /**
   * Resolves when the fact is stored.
   * @throws BusUnreachableError when that takes too long; it may be stored later
   */
  async tell(fact: Fact): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new BusUnreachableError(`The journal did not take a fact within ${WITHIN_MS} ms.`)),
      WITHIN_MS,
    );
    await Promise.race([this.journal.append(fact), late.promise]).finally(() => clearTimeout(timer));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.journal.close(CLOSE_MS);
  }
}
