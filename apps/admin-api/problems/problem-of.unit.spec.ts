import { ConflictException, NotFoundException } from '@nestjs/common';
import { BusUnreachableError, PublishError } from '#bus';
import * as domain from '#domain';
import { CursorError } from '#persistence';
import { Problem } from './problem.js';
import { problemOf } from './problem-of.js';

describe('the answer to an error', () => {
  it.each<[unknown, string, number]>([
    [new domain.WebhookNotFound('wh_1'), 'webhook_not_found', 404],
    [new domain.WebhookNameTaken('orders'), 'webhook_name_taken', 409],
    [new domain.WebhookVersionConflict('wh_1', 1, 2), 'version_conflict', 412],
    [new domain.WebhookInvalid([{ path: 'name', message: 'is too long' }]), 'invalid_request', 422],
    [new domain.TenantNotFound('acme'), 'tenant_not_found', 404],
    [new domain.TenantExists('acme'), 'tenant_exists', 409],
    [new domain.TenantIsPermanent('default'), 'tenant_is_permanent', 409],
    [new domain.TenantVersionConflict('acme', 1, 2), 'version_conflict', 412],
    [new domain.TenantInvalid([{ path: 'name', message: 'is too long' }]), 'invalid_request', 422],
    [new domain.WebhookLimitReached(3, 3), 'webhook_limit_reached', 422],
    [new domain.KeyNotFound('key_1'), 'key_not_found', 404],
    [new domain.KeyVersionConflict('key_1', 1, 2), 'version_conflict', 412],
    [new domain.KeyInvalid([{ path: 'name', message: 'is too long' }]), 'invalid_request', 422],
    [new CursorError('no'), 'invalid_request', 422],
    [new PublishError('no answer'), 'bus_unavailable', 503],
    [new BusUnreachableError('gone'), 'bus_unavailable', 503],
    [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'database_unavailable', 503],
    [Object.assign(new Error('stopping'), { code: '57P01' }), 'database_unavailable', 503],
    [new Error('Connection terminated unexpectedly'), 'database_unavailable', 503],
    [new NotFoundException(), 'not_found', 404],
    [new ConflictException(), 'bad_request', 400],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 'body_too_large', 413],
    [Object.assign(new Error('bad SQL'), { code: '42601' }), 'internal', 500],
    [new TypeError('a bug of ours'), 'internal', 500],
    ['thrown text', 'internal', 500],
    [undefined, 'internal', 500],
  ])('%s is %s, %i', (error, code, status) => {
    const problem = problemOf(error);
    expect([problem.code, problem.status]).toEqual([code, status]);
    expect(problem.document()).toMatchObject({ code, status, type: `urn:tidings:problem:${code}` });
  });

  it('a problem is its own answer', () => {
    const problem = new Problem('event_not_found', { detail: 'There is no event e.' });
    expect(problemOf(problem)).toBe(problem);
  });

  it('says nothing of what is inside when the fault is ours', () => {
    expect(JSON.stringify(problemOf(new Error('password=hunter2')).document())).not.toContain('hunter2');
  });
});
