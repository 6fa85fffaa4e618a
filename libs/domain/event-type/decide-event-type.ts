import { isDeepStrictEqual } from 'node:util';
import type { TenantId } from '../ids.js';
import type { EventTypeDefinition, EventTypeState, LiveEventType } from './declared-event-type.js';
import {
  EventTypeExists,
  EventTypeInvalid,
  EventTypeNotFound,
  EventTypeVersionConflict,
} from './event-type-errors.js';
import type { EventTypeEvent } from './event-type-events.js';
import { eventTypeFaults } from './event-type-limits.js';

interface Command {
  tenant: TenantId;
  event_type: string;
  /** Who asks. */
  actor: string;
  /** When, milliseconds since 1970. */
  at: number;
}

export interface DeclareEventType extends Command {
  kind: 'declare';
  definition: EventTypeDefinition;
}

export interface ChangeEventType extends Command {
  kind: 'change';
  change: Partial<EventTypeDefinition>;
  /** The version that the asker saw; undefined takes any. */
  expectedVersion?: number | undefined;
}

/** Declares it, or makes it what a catalogue says. */
export interface ImportEventType extends Command {
  kind: 'import';
  definition: EventTypeDefinition;
}

export interface DeleteEventType extends Command {
  kind: 'delete';
  expectedVersion?: number | undefined;
}

export type EventTypeCommand = DeclareEventType | ChangeEventType | ImportEventType | DeleteEventType;

/**
 * What follows from a command; nothing when it changes nothing.
 * @throws EventTypeNotFound, EventTypeExists, EventTypeVersionConflict, EventTypeInvalid
 */
export function decideEventType(state: EventTypeState, command: EventTypeCommand): EventTypeEvent[] {
  const { tenant, event_type, actor, at } = command;
  const decided = { tenant, event_type, actor, at };
  switch (command.kind) {
    case 'declare':
      if (state.kind === 'live') throw new EventTypeExists(event_type);
      return declared(command);
    case 'import':
      return state.kind === 'live' ? changed(state, command, command.definition) : declared(command);
    case 'change':
      return changed(expectLive(state, command), command, command.change);
    case 'delete':
      expectLive(state, command);
      return [{ ...decided, type: 'event_type.deleted', data: {} }];
  }
}

function declared({ tenant, event_type, actor, at, definition }: DeclareEventType | ImportEventType) {
  refuseUnsound(event_type, definition);
  const event: EventTypeEvent = {
    ...{ tenant, event_type, actor, at },
    type: 'event_type.declared',
    data: definition,
  };
  return [event];
}

function changed(
  current: LiveEventType,
  { tenant, event_type, actor, at }: Command,
  change: Partial<EventTypeDefinition>,
): EventTypeEvent[] {
  const decided = { tenant, event_type, actor, at };
  const data: Partial<Omit<EventTypeDefinition, 'archived'>> = {};
  const { description, schema, example, archived = current.archived } = change;
  if (description !== undefined && description !== current.description) data.description = description;
  if (schema !== undefined && !isDeepStrictEqual(schema, current.schema)) data.schema = schema;
  if (example !== undefined && !isDeepStrictEqual(example, current.example)) data.example = example;
  const events: EventTypeEvent[] = [];
  if (Object.keys(data).length > 0) {
    refuseUnsound(event_type, { ...current, ...data });
    events.push({ ...decided, type: 'event_type.changed', data });
  }
  if (archived !== current.archived)
    events.push({ ...decided, type: archived ? 'event_type.archived' : 'event_type.restored', data: {} });
  return events;
}

function expectLive(state: EventTypeState, command: ChangeEventType | DeleteEventType): LiveEventType {
  if (state.kind !== 'live') throw new EventTypeNotFound(command.event_type);
  const { expectedVersion } = command;
  if (expectedVersion !== undefined && expectedVersion !== state.version)
    throw new EventTypeVersionConflict(command.event_type, expectedVersion, state.version);
  return state;
}

function refuseUnsound(name: string, definition: EventTypeDefinition): void {
  const faults = eventTypeFaults(name, definition);
  if (faults.length > 0) throw new EventTypeInvalid(faults);
}
