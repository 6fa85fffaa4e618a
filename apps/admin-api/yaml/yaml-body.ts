import {
  applyDecorators,
  Injectable,
  mixin,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyTextFrom, bodyTextOf } from '../http/json-body.js';
import { Problem } from '../problems/problem.js';
import { malformedYaml, readYaml } from './read-yaml.js';

/** RFC 9512, what was used before it, and what is registered on top of it, such as application/openapi+yaml. */
const YAML_TYPE = /^(?:application\/(?:[\w.+-]+\+)?|text\/)(?:x-)?yaml(?:\s*;|$)/i;

/**
 * Takes YAML bodies where a route wants them; elsewhere they are 415. Only
 * their text is kept here: this runs before anyone has asked for a key, and
 * reading YAML is work that a stranger could make us do.
 */
export function acceptYamlBodies(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(YAML_TYPE, { parseAs: 'buffer' }, (request, body, done) => {
    if ((request.routeOptions.config as { yaml?: boolean }).yaml !== true) {
      done(new Problem('unsupported_media_type', { detail: 'This is not taken as YAML; send JSON.' }));
      return;
    }
    try {
      bodyTextFrom(request, body as Buffer);
      done(null, undefined);
    } catch {
      done(malformedYaml({ fault: 'it is not UTF-8' }));
    }
  });
}

/**
 * The route takes its body as YAML too.
 * @param bodyOf the body that the route would have in JSON
 */
export function TakesYaml(bodyOf: (document: unknown) => unknown): MethodDecorator {
  return applyDecorators(RouteConfig({ yaml: true }), UseInterceptors(yamlBody(bodyOf)));
}

/** Stands behind AccessGuard and IdempotencyInterceptor, and before the checks of the body. */
function yamlBody(bodyOf: (document: unknown) => unknown): Type<NestInterceptor> {
  @Injectable()
  class YamlBody implements NestInterceptor {
    async intercept(context: ExecutionContext, next: CallHandler) {
      const request = context.switchToHttp().getRequest<FastifyRequest>();
      if (YAML_TYPE.test(request.headers['content-type'] ?? ''))
        request.body = bodyOf(await readYaml(bodyTextOf(request)));
      return next.handle();
    }
  }
  return mixin(YamlBody);
}
