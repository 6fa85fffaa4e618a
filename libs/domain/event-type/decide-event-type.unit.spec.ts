import { NO_EVENT_TYPE, type EventTypeDefinition } from './declared-event-type.js';
import { decideEventType, type EventTypeCommand } from './decide-event-type.js';
import {
  EventTypeExists,
  EventTypeInvalid,
  EventTypeNotFound,
  EventTypeVersionConflict,
} from './event-type-errors.js';
import type { EventTypeEvent } from './event-type-events.js';
import { evolveEventType } from './evolve-event-type.js';

const decided = { tenant: 'default', event_type: 'order.paid', actor: 'operator', at: 1_000 };
const later = { ...decided, actor: 'key_2', at: 2_000 };
const definition: EventTypeDefinition = {
  description: 'An order was paid.',
  schema: { type: 'object', required: ['id'] },
  example: { id: 1 },
  archived: false,
};
const declared: EventTypeEvent = { ...decided, type: 'event_type.declared', data: definition };
const archived: EventTypeEvent = { ...decided, type: 'event_type.archived', data: {} };
const deleted: EventTypeEvent = { ...decided, type: 'event_type.deleted', data: {} };

const declare = (change: Partial<EventTypeDefinition> = {}, event_type = 'order.paid'): EventTypeCommand => ({
  ...decided,
  event_type,
  kind: 'declare',
  definition: { ...definition, ...change },
});
const change = (fields: Partial<EventTypeDefinition>, expectedVersion?: number): EventTypeCommand => ({
  ...later,
  kind: 'change',
  change: fields,
  expectedVersion,
});
const imported = (fields: Partial<EventTypeDefinition> = {}): EventTypeCommand => ({
  ...later,
  kind: 'import',
  definition: { ...definition, ...fields },
});
const remove = (expectedVersion?: number): EventTypeCommand => ({
  ...later,
  kind: 'delete',
  expectedVersion,
});

const given = (...events: EventTypeEvent[]) => {
  const state = events.reduce(evolveEventType, NO_EVENT_TYPE);
  return { state, when: (command: EventTypeCommand) => () => decideEventType(state, command) };
};

describe('declaring an event type', () => {
  it('given none, or a deleted one: it is declared, with who and when', () => {
    expect(given().when(declare())()).toEqual([declared]);
    expect(given(declared, deleted).when(declare())()).toEqual([declared]);
  });

  it('given one of the same name: refused', () => {
    expect(given(declared).when(declare())).toThrow(EventTypeExists);
  });

  let abyss: unknown[] = [];
  for (let i = 0; i < 100_000; i++) abyss = [abyss];
  it.each<[string, EventTypeCommand, string]>([
    ['a name that is none', declare({}, 'order paid'), 'name'],
    ['a pattern as its name', declare({}, 'order.*'), 'name'],
    ['a novel', declare({ description: 'x'.repeat(2_001) }), 'description'],
    ['a NUL', declare({ description: 'a\0' }), 'description'],
    ['an example that does not fit', declare({ example: {} }), 'example.id'],
    ['an example with half a character', declare({ example: { id: '\ud800' } }), 'example'],
    ['an example with a NUL in a name', declare({ example: { id: 1, 'a\0': 1 } }), 'example'],
    ['an example deeper than any stack', declare({ schema: null, example: abyss }), 'example'],
    ['a large example', declare({ example: { id: 'x'.repeat(65_536) } }), 'example'],
    ['a schema that is none', declare({ schema: { type: 'text' } }), 'schema.type'],
    ['a schema with a NUL', declare({ schema: { const: '\0' } }), 'schema'],
  ])('%s is refused, and the field is named', (_title, command, path) => {
    let refusal: unknown;
    try {
      given().when(command)();
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(EventTypeInvalid);
    expect((refusal as EventTypeInvalid).faults.map((fault) => fault.path)).toContain(path);
  });
});

describe('changing an event type', () => {
  it('given one: only what differs is told', () => {
    expect(given(declared).when(change({ description: 'Paid.', example: { id: 1 } }))()).toEqual([
      { ...later, type: 'event_type.changed', data: { description: 'Paid.' } },
    ]);
    expect(given(declared).when(change(definition))()).toEqual([]);
  });

  it.each<[string, EventTypeEvent[], boolean, string[]]>([
    ['a live one is archived', [declared], true, ['event_type.archived']],
    ['an archived one is restored', [declared, archived], false, ['event_type.restored']],
    ['an archived one stays so', [declared, archived], true, []],
  ])('%s', (_title, before, to, types) => {
    const events = given(...before).when(change({ archived: to }))();
    expect(events.map((event) => event.type)).toEqual(types);
  });

  it('to a schema that its example does not fit is refused', () => {
    expect(given(declared).when(change({ schema: { type: 'string' } }))).toThrow(EventTypeInvalid);
  });

  it('given none, a deleted one, or another version: refused', () => {
    expect(given().when(change({}))).toThrow(EventTypeNotFound);
    expect(given(declared, deleted).when(change({}))).toThrow(EventTypeNotFound);
    expect(given(declared).when(change({}, 2))).toThrow(EventTypeVersionConflict);
    expect(given(declared).when(change({}, 1))()).toEqual([]);
  });
});

describe('importing an event type', () => {
  it('given none: it is declared; given another: it is changed; given the same: nothing', () => {
    expect(given().when(imported())()).toEqual([{ ...later, type: 'event_type.declared', data: definition }]);
    const events = given(declared).when(imported({ description: 'New.', archived: true }))();
    expect(events.map((event) => event.type)).toEqual(['event_type.changed', 'event_type.archived']);
    expect(given(declared).when(imported())()).toEqual([]);
  });
});

describe('deleting an event type', () => {
  it('given one: it is deleted, and versions go on counting', () => {
    expect(given(declared).when(remove(1))()).toEqual([{ ...later, type: 'event_type.deleted', data: {} }]);
    expect(given(declared, deleted).state).toEqual({ kind: 'none', version: 2 });
    expect(given(declared, deleted, declared).state).toMatchObject({ kind: 'live', version: 3 });
  });

  it('given none or another version: refused', () => {
    expect(given().when(remove())).toThrow(EventTypeNotFound);
    expect(given(declared, archived).when(remove(1))).toThrow(EventTypeVersionConflict);
  });
});
