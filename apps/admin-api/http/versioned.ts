import {
  createParamDecorator,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { entityTag, expectedVersion } from './entity-tag.js';

/** What a request demands of a resource by its header If-Match. */
export class IfMatch {
  constructor(private readonly header: string | undefined) {}

  /**
   * The version that is expected; undefined when any will do. It is looked at
   * only when it is asked for, so whatever else is wrong is told first.
   * @throws Problem 412 for a tag that no resource of ours can have
   */
  get version(): number | undefined {
    return expectedVersion(this.header);
  }
}

export const IfMatchOf = createParamDecorator((_data: unknown, context: ExecutionContext): IfMatch => {
  return new IfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']);
});

/** An answer that shows a resource at a version. */
export class Versioned<View> {
  constructor(
    readonly version: number,
    readonly view: View,
    /** Where it can be read, if it is new. */
    readonly location?: string,
  ) {}
}

/** What shows a resource with its version in the ETag. */
export function versioned<View>({ version }: { version: number }, view: View): Versioned<View> {
  return new Versioned(version, view);
}

/** What shows a new resource, and says where it is: under `/api/v1/`. */
export function created<View>({ version }: { version: number }, view: View, place: string): Versioned<View> {
  return new Versioned(version, view, `/api/v1/${place}`);
}

/** Turns an answer with a version into headers and a body. */
@Injectable()
export class VersionedAnswers implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((answer: unknown) => {
        if (!(answer instanceof Versioned)) return answer;
        void reply.header('etag', entityTag(answer.version));
        if (answer.location !== undefined) void reply.header('location', answer.location);
        return answer.view as unknown;
      }),
    );
  }
}
