import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidRequest, Problem } from '../problems/problem.js';
import { isNestedWithin, MAX_JSON_LEVELS } from './json-depth.js';

export const MAX_BODY_BYTES = 1_048_576;

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });
const texts = new WeakMap<FastifyRequest, string>();

/**
 * Takes JSON bodies only (so that a form is 415), and keeps their text, because
 * what is published must be the bytes that came, not their parse.
 */
export function acceptJsonBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(JSON_TYPE, { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isNestedWithin(body as Buffer, MAX_JSON_LEVELS)) {
      done(invalidRequest([{ path: '', message: `must not be nested more than ${MAX_JSON_LEVELS} deep` }]));
      return;
    }
    try {
      done(null, JSON.parse(bodyTextFrom(request, body as Buffer)));
    } catch (error) {
      done(new Problem('malformed_json', { detail: `The body is not JSON: ${(error as Error).message}.` }));
    }
  });
}

/** Keeps the text of a body. @throws TypeError when it is not UTF-8 */
export function bodyTextFrom(request: FastifyRequest, body: Buffer): string {
  const text = utf8.decode(body);
  texts.set(request, text);
  return text;
}

/** The text of the body; empty without a body. */
export function bodyTextOf(request: FastifyRequest): string {
  return texts.get(request) ?? '';
}

/** The text of the JSON body; empty without a body. */
export const BodyText = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  return bodyTextOf(context.switchToHttp().getRequest<FastifyRequest>());
});
