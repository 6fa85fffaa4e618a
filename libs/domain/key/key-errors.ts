import type { KeyId } from '../ids.js';
import type { Fault } from '../fault.js';

/** A request about a key that cannot be granted as things are; the fields carry the evidence. */
export abstract class KeyError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

export class KeyNotFound extends KeyError {
  constructor(readonly key: KeyId) {
    super(`There is no key ${key}.`);
  }
}

export class KeyVersionConflict extends KeyError {
  constructor(
    readonly key: KeyId,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`The key ${key} is at version ${actual}, but version ${expected} was expected.`);
  }
}

export class KeyInvalid extends KeyError {
  constructor(readonly faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '));
  }
}
