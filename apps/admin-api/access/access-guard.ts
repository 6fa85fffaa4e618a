import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isTenantId } from '#bus';
import { DEFAULT_TENANT, TenantNotFound, type TenantId } from '#domain';
import { invalidRequest, Problem } from '../problems/problem.js';
import { setCaller, type Caller } from './caller.js';
import { Guesses } from './guesses.js';
import { KeyDirectory } from './key-directory.js';
import { OperatorKey } from './operator-key.js';
import { RateLimit } from './rate-limit.js';
import { refuseWithoutRole } from './role-needed.js';
import { TenantDirectory } from './tenant-directory.js';

/**
 * Lets in who holds a key: finds out who it is, counts the request, finds out
 * for which tenant it is, and whether the key's role is enough for the route.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly operatorKey: OperatorKey,
    private readonly keys: KeyDirectory,
    private readonly tenants: TenantDirectory,
    private readonly guesses: Guesses,
    private readonly rateLimit: RateLimit,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const key = await this.authenticate(request);
    this.rateLimit.count(key.actor, http.getResponse<FastifyReply>());
    const tenant = tenantOf(request, key);
    if (!(await this.tenants.has(tenant))) throw new TenantNotFound(tenant);
    const caller = { ...key, tenant };
    refuseWithoutRole(context, caller);
    setCaller(request, caller);
    return true;
  }

  private async authenticate(request: FastifyRequest): Promise<Caller> {
    const text = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (text === undefined)
      throw new Problem('unauthenticated', { detail: 'The header Authorization must be "Bearer <key>".' });
    // Callers who were right before are not kept out by others at their address, such as behind one proxy.
    if (!this.operatorKey.remembers(text) && !this.keys.remembers(text)) this.guesses.refuse(request.ip);
    if (this.operatorKey.matches(text))
      return { tenant: DEFAULT_TENANT, actor: 'operator', role: 'operator' };
    const key = await this.keys.find(text);
    if (key) return { tenant: key.tenant, actor: key.id, role: key.role };
    this.guesses.count(request.ip);
    throw new Problem('unauthenticated', { detail: 'The key is not known, or no longer valid.' });
  }
}

/** Operators act for whom they name; everyone else for their own tenant, and of others they learn nothing. */
function tenantOf(request: FastifyRequest, { tenant, role }: Caller): TenantId {
  const named = request.headers['tidings-tenant'];
  if (role !== 'operator') {
    if (named === undefined || named === tenant) return tenant;
    throw new TenantNotFound(String(named));
  }
  if (named === undefined) return DEFAULT_TENANT;
  if (typeof named === 'string' && isTenantId(named)) return named;
  throw invalidRequest([{ path: 'Tidings-Tenant', message: 'must be 1 to 64 letters, digits, _ or -' }]);
}
