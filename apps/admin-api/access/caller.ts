import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role, TenantId } from '#domain';

/** Who asks, and for which tenant. */
export interface Caller {
  tenant: TenantId;
  /** The name under which the ledger keeps what they decide: the id of their key, or `operator` for the environment's. */
  actor: string;
  role: Role;
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** The caller that AccessGuard let in. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (!caller) throw new Error('A route asked for its caller, but AccessGuard does not stand before it.');
  return caller;
}

/** The caller that AccessGuard let in. */
export const CallerOf = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  return callerOf(context.switchToHttp().getRequest<FastifyRequest>());
});
