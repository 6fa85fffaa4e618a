import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Bus, JournalObserver, JournalWriter } from '#bus';

/** How this process stands with NATS. */
export function busMetrics(registry: Registry, bus: Pick<Bus, 'connection' | 'unacknowledged'>): void {
  const registers = [registry];
  new Gauge({
    name: 'tidings_nats_connected',
    help: '1 while the connection to NATS stands, else 0.',
    registers,
    collect() {
      this.set(bus.connection.isStanding ? 1 : 0);
    },
  });
  new Gauge({
    name: 'tidings_nats_unacknowledged',
    help: 'Messages that this process published and that JetStream has not acknowledged yet.',
    registers,
    collect() {
      this.set(bus.unacknowledged);
    },
  });
  let told = 0;
  new Counter({
    name: 'tidings_nats_reconnects_total',
    help: 'Times that the connection to NATS was lost and came back.',
    registers,
    collect() {
      const { reconnects } = bus.connection;
      this.inc(reconnects - told);
      told = reconnects;
    },
  });
}

/**
 * What this process writes into the journal.
 * @param writers asked for when the metrics are read, for they are made with the observer
 */
export function journalMetrics(
  registry: Registry,
  writers: () => readonly Pick<JournalWriter, 'waiting'>[],
): JournalObserver {
  const registers = [registry];
  const facts = new Counter({
    name: 'tidings_journal_facts_total',
    help: 'Facts that this process wrote into the journal.',
    registers,
  });
  const refused = new Counter({
    name: 'tidings_journal_write_problems_total',
    help: 'Times that JetStream did not take a batch of facts; it is tried again until it does.',
    registers,
  });
  const duration = new Histogram({
    name: 'tidings_journal_write_seconds',
    help: 'From when a batch of facts left until JetStream had it; its count is the number of batches.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  new Gauge({
    name: 'tidings_journal_facts_waiting',
    help: 'Facts of this process that JetStream does not have yet.',
    registers,
    collect() {
      this.set(writers().reduce((sum, { waiting }) => sum + waiting, 0));
    },
  });
  return {
    stored: (count, ms) => {
      facts.inc(count);
      duration.observe(ms / 1_000);
    },
    refused: () => refused.inc(),
  };
}
