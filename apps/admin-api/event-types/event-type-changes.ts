import { Injectable } from '@nestjs/common';
import {
  decideEventType,
  EventTypeNotFound,
  type EventTypeDefinition,
  type EventTypeEvent,
  type EventTypeState,
} from '#domain';
import { changeEventType, DataSource, type EventTypeChange, type EventTypeRow } from '#persistence';
import type { Caller } from '../access/caller.js';
import { patchedBy } from '../http/patched.js';
import { LedgerRelay } from '../relay/ledger-relay.js';
import { kept, told } from '../relay/told.js';
import { eventTypeDefinition, type EventTypePatch, type WantedEventType } from './event-type-schemas.js';

/** The decisions that people take about event types, from the request to the data plane. */
@Injectable()
export class EventTypeChanges {
  constructor(
    private readonly database: DataSource,
    private readonly relay: LedgerRelay,
  ) {}

  /** @throws EventTypeExists, EventTypeInvalid */
  declare(caller: Caller, name: string, definition: WantedEventType): Promise<EventTypeRow> {
    const command = { ...caller, kind: 'declare' as const, event_type: name, at: Date.now(), definition };
    return this.keep(caller, name, (state) => decideEventType(state, command));
  }

  /** @throws EventTypeNotFound, EventTypeVersionConflict, EventTypeInvalid */
  replace(
    caller: Caller,
    name: string,
    definition: WantedEventType,
    expectedVersion: number | undefined,
  ): Promise<EventTypeRow> {
    const command = { ...caller, kind: 'change' as const, event_type: name, at: Date.now(), expectedVersion };
    return this.keep(caller, name, (state) => decideEventType(state, { ...command, change: definition }));
  }

  /** @throws EventTypeNotFound, EventTypeVersionConflict, EventTypeInvalid */
  patch(
    caller: Caller,
    name: string,
    patch: EventTypePatch,
    expectedVersion: number | undefined,
  ): Promise<EventTypeRow> {
    const command = { ...caller, kind: 'change' as const, event_type: name, at: Date.now(), expectedVersion };
    return this.keep(caller, name, (state) => {
      if (state.kind !== 'live') throw new EventTypeNotFound(name);
      // Whether it is at that version comes before what the patch would make of it.
      decideEventType(state, { ...command, change: {} });
      return decideEventType(state, { ...command, change: merged(state, patch) });
    });
  }

  /** @throws EventTypeNotFound, EventTypeVersionConflict */
  async delete(caller: Caller, name: string, expectedVersion: number | undefined): Promise<void> {
    const command = { ...caller, kind: 'delete' as const, event_type: name, at: Date.now(), expectedVersion };
    const { seq } = await this.changeUnrelayed(caller, name, (state) => decideEventType(state, command));
    await told(this.relay, seq);
  }

  /**
   * Makes a change without waiting for the relay.
   * @returns with the ledger entry that `relayed` waits for
   */
  changeUnrelayed(
    caller: Caller,
    name: string,
    decide: (state: EventTypeState) => EventTypeEvent[],
  ): Promise<EventTypeChange> {
    return changeEventType(this.database, caller.tenant, name, decide);
  }

  /** Waits until the data plane has been told of these ledger entries, within bounds. */
  async relayed(seqs: number[]): Promise<void> {
    await Promise.all(seqs.map((seq) => told(this.relay, seq)));
  }

  private keep(
    caller: Caller,
    name: string,
    decide: (state: EventTypeState) => EventTypeEvent[],
  ): Promise<EventTypeRow> {
    return kept(this.relay, this.changeUnrelayed(caller, name, decide), `event type ${name}`);
  }
}

function merged(current: EventTypeDefinition, patch: EventTypePatch): EventTypeDefinition {
  const { description, schema, example, archived } = current;
  return patchedBy(eventTypeDefinition, { description, schema, example, archived }, patch);
}
