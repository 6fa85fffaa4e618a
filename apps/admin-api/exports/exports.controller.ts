import { Readable } from 'node:stream';
import { Get, Query, Req, StreamableFile } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CursorError, DataSource, retainedSince } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { Resource, StreamsLines } from '../openapi/resource.js';
import { invalidRequest } from '../problems/problem.js';
import { exportQuery, type ExportQuery } from './export-schemas.js';
import { exportedLines, type Exported } from './exported-lines.js';
import { RunningExports } from './running-exports.js';

const TYPES = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' };

@Resource('exports')
export class ExportsController {
  constructor(
    private readonly database: DataSource,
    private readonly running: RunningExports,
  ) {}

  @Get('events')
  @StreamsLines('Every event, the oldest first, with its payload', ['too_many_exports'])
  events(
    @CallerOf() caller: Caller,
    @Query({ schema: exportQuery }) query: ExportQuery,
    @Req() { method }: FastifyRequest,
  ) {
    return this.export('events', caller, query, method);
  }

  @Get('deliveries')
  @StreamsLines('Every delivery, the oldest first, as it stands now', ['too_many_exports'])
  deliveries(
    @CallerOf() caller: Caller,
    @Query({ schema: exportQuery }) query: ExportQuery,
    @Req() { method }: FastifyRequest,
  ) {
    return this.export('deliveries', caller, query, method);
  }

  @Get('attempts')
  @StreamsLines('Every attempt of the deliveries of this time, by their deliveries, the oldest first', [
    'too_many_exports',
  ])
  attempts(
    @CallerOf() caller: Caller,
    @Query({ schema: exportQuery }) query: ExportQuery,
    @Req() { method }: FastifyRequest,
  ) {
    return this.export('attempts', caller, query, method);
  }

  private async export(
    what: Exported,
    { tenant }: Caller,
    query: ExportQuery,
    method: string,
  ): Promise<StreamableFile> {
    const kept = await retainedSince(this.database, tenant);
    const since = query.since && query.since > kept ? query.since : kept;
    const wanted = { ...query, since, until: query.until ?? new Date() };
    const lines = exportedLines(this.database, tenant, what, wanted);
    // Fastify reads to its end what it is given for a HEAD, and sends nothing of it.
    const stream = method === 'HEAD' ? Readable.from([]) : await this.running.run(tenant, () => begun(lines));
    const [day] = new Date().toISOString().split('T');
    return new StreamableFile(stream, {
      type: TYPES[query.format],
      disposition: `attachment; filename="${what}-${day}.${query.format}"`,
    });
  }
}

/**
 * A stream of portions; what cannot be read at all is told before it begins.
 * One portion is made while the one before is on its way, and none while nobody reads.
 */
async function begun(portions: AsyncGenerator<string>): Promise<Readable> {
  const first = await portions.next().catch((error: unknown) => {
    if (error instanceof CursorError) throw invalidRequest([{ path: 'after', message: error.message }]);
    throw error;
  });
  return Readable.from(goingOn(first, portions), { objectMode: false });
}

async function* goingOn(
  first: IteratorResult<string>,
  portions: AsyncGenerator<string>,
): AsyncGenerator<Buffer> {
  if (first.done) return;
  yield Buffer.from(first.value);
  for await (const portion of portions) yield Buffer.from(portion);
}
