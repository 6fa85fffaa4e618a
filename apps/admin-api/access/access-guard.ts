import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isTenantId } from '#bus';
import { invalidRequest, Problem } from '../problems/problem.js';
import { setCaller } from './caller.js';
import { OperatorKey } from './operator-key.js';

const DEFAULT_TENANT = 'default';

/** Lets in who holds the operator key, who acts for the tenant in the header `Tidings-Tenant`. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly operatorKey: OperatorKey) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (key === undefined)
      throw new Problem('unauthenticated', { detail: 'The header Authorization must be "Bearer <key>".' });
    if (!this.operatorKey.matches(key))
      throw new Problem('unauthenticated', { detail: 'The key is not known.' });
    const tenant = request.headers['tidings-tenant'] ?? DEFAULT_TENANT;
    if (typeof tenant !== 'string' || !isTenantId(tenant)) {
      const message = 'must be 1 to 64 letters, digits, _ or -';
      throw invalidRequest([{ path: 'Tidings-Tenant', message }]);
    }
    setCaller(request, { tenant, actor: 'operator' });
    return true;
  }
}
