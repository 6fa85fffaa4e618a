import type { TenantId } from '../ids.js';
import type { Fault } from '../fault.js';

/** A request about a tenant that cannot be granted as things are; the fields carry the evidence. */
export abstract class TenantError extends Error {
  override get name(): string {
    return this.constructor.name;
  }
}

export class TenantNotFound extends TenantError {
  constructor(readonly tenant: TenantId) {
    super(`There is no tenant ${tenant}.`);
  }
}

export class TenantExists extends TenantError {
  constructor(readonly tenant: TenantId) {
    super(`The tenant id ${tenant} is in use, or was before; ids are not given twice.`);
  }
}

export class TenantIsPermanent extends TenantError {
  constructor(readonly tenant: TenantId) {
    super(`The tenant ${tenant} always exists and cannot be deleted.`);
  }
}

export class TenantVersionConflict extends TenantError {
  constructor(
    readonly tenant: TenantId,
    readonly expected: number,
    readonly actual: number,
  ) {
    super(`The tenant ${tenant} is at version ${actual}, but version ${expected} was expected.`);
  }
}

export class TenantInvalid extends TenantError {
  constructor(readonly faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '));
  }
}

/** The tenant has as many webhooks as it may have. */
export class WebhookLimitReached extends TenantError {
  constructor(
    readonly limit: number,
    readonly count: number,
  ) {
    super(`The tenant may have ${limit} webhooks and has ${count}.`);
  }
}
