import { SetMetadata, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Role } from '#domain';
import { Problem } from '../problems/problem.js';
import type { Caller } from './caller.js';

const KEY = 'tidings:role-needed';

/** Who may do what needs a role: those who have it, and those who may do more. A publisher does not read. */
const HOLDERS: Record<Role, readonly Role[]> = {
  viewer: ['viewer', 'admin', 'operator'],
  publisher: ['publisher', 'admin', 'operator'],
  admin: ['admin', 'operator'],
  operator: ['operator'],
};

/**
 * The role that a route, or all routes of a controller, need. Without it
 * reading needs a viewer and all else an admin, so that a route that somebody
 * forgets is closed rather than open.
 */
export const NeedsRole = (role: Role) => SetMetadata(KEY, role);

/** @throws Problem 403 that names the role that is needed */
export function refuseWithoutRole(context: ExecutionContext, caller: Caller): void {
  const { method } = context.switchToHttp().getRequest<FastifyRequest>();
  const said = new Reflector().getAllAndOverride<Role | undefined>(KEY, [
    context.getHandler(),
    context.getClass(),
  ]);
  const needed = said ?? (method === 'GET' || method === 'HEAD' ? 'viewer' : 'admin');
  if (HOLDERS[needed].includes(caller.role)) return;
  throw new Problem('forbidden', {
    detail: `This needs a key with the role ${needed}; the key has the role ${caller.role}.`,
    evidence: { role_needed: needed, role: caller.role },
  });
}
