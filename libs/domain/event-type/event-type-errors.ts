import type { Fault } from '../fault.js';

/** A request about an event type that cannot be granted as things are; the fields carry the evidence. */
export abstract class EventTypeError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

export class EventTypeNotFound extends EventTypeError {
  constructor(readonly eventType: string) {
    super(`There is no event type ${eventType}.`);
  }
}

export class EventTypeExists extends EventTypeError {
  constructor(readonly eventType: string) {
    super(`There is an event type ${eventType} already.`);
  }
}

export class EventTypeVersionConflict extends EventTypeError {
  constructor(
    readonly eventType: string,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`The event type ${eventType} is at version ${actual}, but version ${expected} was expected.`);
  }
}

export class EventTypeInvalid extends EventTypeError {
  constructor(readonly faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '));
  }
}
