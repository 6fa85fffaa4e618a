import { Injectable, Param, type PipeTransform } from '@nestjs/common';
import { isEventId } from '#domain';
import { Problem } from '../problems/problem.js';

/** What no id can look like is not there, and is not asked for either. */
@Injectable()
class PlainId implements PipeTransform<string, string> {
  transform(id: string): string {
    if (!isEventId(id)) throw new Problem('not_found', { detail: 'There is nothing with such an id.' });
    return id;
  }
}

/** An id in a path. */
export const PathId = (name = 'id'): ParameterDecorator => Param(name, PlainId);
