import { Injectable } from '@nestjs/common';
import {
  decideEventType,
  EventTypeInvalid,
  type EventTypeCommand,
  type EventTypeEvent,
  type EventTypeState,
} from '#domain';
import { CatalogueError, readCatalogue, type Catalogue, type CatalogueEntry } from '#payload';
import { DataSource, eventTypeStateOf, findEventTypes } from '#persistence';
import type { Caller } from '../access/caller.js';
import { invalidRequest } from '../problems/problem.js';
import { EventTypeChanges } from './event-type-changes.js';
import type { ImportReport, ImportRequest } from './event-type-schemas.js';

/** Changes under way at once; each takes a connection of the pool. */
const AT_ONCE = 5;

/** Brings catalogues of other systems into the tenant's own. */
@Injectable()
export class ImportEventTypes {
  constructor(
    private readonly database: DataSource,
    private readonly changes: EventTypeChanges,
  ) {}

  /**
   * Declares what is new and changes what differs, each event type for itself:
   * one that cannot be imported keeps none of the others out.
   * @throws Problem 422 when the source is no catalogue
   */
  async import(caller: Caller, { source, dry_run }: ImportRequest): Promise<ImportReport> {
    const { format, entries, unreadable } = read(source);
    const report: ImportReport = {
      format,
      dry_run,
      created: [],
      changed: [],
      unchanged: [],
      failed: unreadable.map(({ name, reason }) => ({ name, errors: [{ path: '', message: reason }] })),
    };
    const decideOn = dry_run ? await this.onPaper(caller, entries) : this.forGood(caller);
    const seqs: number[] = [];
    for (let i = 0; i < entries.length; i += AT_ONCE) {
      const group = entries.slice(i, i + AT_ONCE);
      const outcomes = await Promise.all(group.map((entry) => settled(entry, caller, decideOn)));
      outcomes.forEach((outcome, j) => {
        const name = group[j]?.name ?? '';
        if ('errors' in outcome) report.failed.push({ name, errors: outcome.errors });
        else tell(report, name, outcome.events);
        if ('seq' in outcome && outcome.seq !== null) seqs.push(outcome.seq);
      });
    }
    await this.changes.relayed(seqs);
    return report;
  }

  private forGood(caller: Caller): DecideOn {
    return async (name, decide) => {
      const { seq } = await this.changes.changeUnrelayed(caller, name, decide);
      return seq;
    };
  }

  private async onPaper({ tenant }: Caller, entries: CatalogueEntry[]): Promise<DecideOn> {
    const names = entries.map((entry) => entry.name);
    const rows = new Map((await findEventTypes(this.database, tenant, names)).map((row) => [row.name, row]));
    return (name, decide) => {
      decide(eventTypeStateOf(rows.get(name) ?? null, 0));
      return Promise.resolve(null);
    };
  }
}

/** Has a decision taken on the state of an event type. @returns the ledger entry, if there is one */
type DecideOn = (name: string, decide: (state: EventTypeState) => EventTypeEvent[]) => Promise<number | null>;

type Outcome = { events: EventTypeEvent[]; seq: number | null } | { errors: EventTypeInvalid['faults'] };

async function settled({ name, definition }: CatalogueEntry, caller: Caller, on: DecideOn): Promise<Outcome> {
  const command: EventTypeCommand = {
    ...caller,
    kind: 'import',
    event_type: name,
    at: Date.now(),
    definition,
  };
  let events: EventTypeEvent[] = [];
  try {
    const seq = await on(name, (state) => (events = decideEventType(state, command)));
    return { events, seq };
  } catch (error) {
    if (error instanceof EventTypeInvalid) return { errors: error.faults };
    throw error;
  }
}

function read(source: ImportRequest['source']): Catalogue {
  try {
    return readCatalogue(source);
  } catch (error) {
    if (error instanceof CatalogueError) throw invalidRequest([{ path: 'source', message: error.message }]);
    throw error;
  }
}

function tell(report: ImportReport, name: string, events: EventTypeEvent[]): void {
  if (events.length === 0) report.unchanged.push(name);
  else if (events.some((event) => event.type === 'event_type.declared')) report.created.push(name);
  else {
    const fields = events.flatMap((event) =>
      event.type === 'event_type.changed' ? Object.keys(event.data) : ['archived'],
    );
    report.changed.push({ name, fields });
  }
}
