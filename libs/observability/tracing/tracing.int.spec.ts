import { createLogger } from '../logger.js';
import { startCollector, waitFor, type Collector } from '#testing';
import { startTracing } from './start-tracing.js';
import type { TracingSettings } from './tracing-settings.js';
import type { Tracing } from './tracing.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const sampled = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'rojo=1' };
const unsampled = { traceparent: `00-${TRACE}-${PARENT}-00`, tracestate: 'rojo=1' };

let collector: Collector;
const lines: { level: number; msg: string; lost?: number }[] = [];
const opened: Tracing[] = [];

beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.stop());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((tracing) => tracing.close(100)));
});

async function open(change: Partial<TracingSettings> = {}): Promise<Tracing> {
  const settings: TracingSettings = {
    url: `${collector.url}/v1/traces`,
    headers: {},
    sampler: 'parentbased_always_on',
    ratio: 1,
    attributes: {},
    version: '1.2.3',
    ...change,
  };
  const logger = createLogger('info', 'spec', {
    write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]),
  });
  const tracing = await startTracing(settings, 'dispatcher', logger);
  if (!tracing) throw new Error('It was wanted.');
  opened.push(tracing);
  return tracing;
}
const idOf = (traceparent: string) => traceparent.slice(36, 52);
const flagsOf = ({ traceparent }: { traceparent: string }) => traceparent.slice(53);

describe('traces', () => {
  it('are nothing where it is not said where they go', async () => {
    expect(await startTracing(undefined, 'dispatcher', createLogger('silent', 'spec'))).toBeUndefined();
  });

  it('are exported with the process, what is noted, and their headers', async () => {
    const tracing = await open({
      headers: { 'x-key': 'k' },
      attributes: { 'deployment.environment.name': 'spec' },
    });
    const span = tracing.begin('client', 'POST', sampled, {
      'tidings.attempt.number': 2,
      nothing: undefined,
    });
    span.note({ 'http.response.status_code': 500 });
    span.fail('500', 'The receiver answered 500.');
    span.end();
    const [collected] = await collector.trace(TRACE, 1);
    expect(collected).toEqual({
      service: 'tidings-dispatcher',
      resource: expect.objectContaining({
        'deployment.environment.name': 'spec',
        'service.version': '1.2.3',
        'tidings.app': 'dispatcher',
      }) as unknown,
      name: 'POST',
      kind: 3,
      traceId: TRACE,
      spanId: idOf(span.context.traceparent),
      parentSpanId: PARENT,
      traceState: 'rojo=1',
      failed: true,
      attributes: { 'tidings.attempt.number': 2, 'http.response.status_code': 500, 'error.type': '500' },
    });
    expect(collector.exports.at(-1)).toMatchObject({ 'x-key': 'k', 'content-type': 'application/json' });
    expect(collector.exports.at(-1)).not.toHaveProperty('traceparent');
  });

  it('go on with a span of ours as the parent, and the publisher’s state', async () => {
    const tracing = await open();
    const { context } = tracing.begin('consumer', 'route event', sampled, {});
    expect(context).toEqual({
      traceparent: expect.stringMatching(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`)) as unknown,
      tracestate: 'rojo=1',
    });
    expect(idOf(context.traceparent)).not.toBe(PARENT);
  });

  it('keep the flag of random ids, and no other that nobody knows', async () => {
    const tracing = await open();
    for (const [given, kept] of [
      ['03', '03'],
      ['ff', '03'],
      ['05', '01'],
    ]) {
      const parent = { traceparent: `00-${TRACE}-${PARENT}-${given}` };
      expect(flagsOf(tracing.begin('client', 'x', parent, {}).context)).toBe(kept);
    }
  });

  it('that their beginner does not record are passed on as they came', async () => {
    const tracing = await open();
    expect(tracing.begin('client', 'x', unsampled, {}).context).toBe(unsampled);
  });

  it('begin here where nobody began one, as the sampler says, and then all the way', async () => {
    const [all, none] = [await open(), await open({ sampler: 'parentbased_traceidratio', ratio: 0 })];
    const recorded = all.begin('server', 'x', undefined, {}).context;
    expect(flagsOf(recorded)).toBe('01');
    const dropped = none.begin('server', 'x', undefined, {}).context;
    expect(flagsOf(dropped)).toBe('00');
    expect(all.begin('consumer', 'y', dropped, {}).context).toBe(dropped);
  });

  it.each([
    ['always_on', '01', '01', '01'],
    ['always_off', '01', '00', '00'],
    ['parentbased_always_on', '01', '00', '01'],
    ['parentbased_always_off', '01', '00', '00'],
    ['traceidratio', '01', '01', '01'],
    ['parentbased_traceidratio', '01', '00', '01'],
  ] as const)('by the sampler %s are recorded as it says', async (sampler, of, ofUnsampled, ofNone) => {
    const tracing = await open({ sampler });
    const parents = [sampled, unsampled, undefined];
    const flags = parents.map((parent) => flagsOf(tracing.begin('client', 'x', parent, {}).context));
    expect(flags).toEqual([of, ofUnsampled, ofNone]);
  });

  it('by ratio are recorded in about that share of traces', async () => {
    const tracing = await open({ sampler: 'traceidratio', ratio: 0.25 });
    let recorded = 0;
    for (let i = 0; i < 4_000; i++)
      if (flagsOf(tracing.begin('server', 'x', undefined, {}).context) === '01') recorded++;
    expect(recorded).toBeGreaterThan(800);
    expect(recorded).toBeLessThan(1_200);
  });

  it('are sent to the last one when the process stops', async () => {
    const tracing = await open();
    const spans = Array.from({ length: 1_500 }, () => tracing.begin('client', 'last', undefined, {}));
    for (const span of spans) span.end();
    await tracing.close(2_000);
    expect(collector.spans.filter(({ name }) => name === 'last')).toHaveLength(1_500);
  });

  it('keep no process from stopping when the collector gives no answer', async () => {
    collector.answer(() => new Promise(() => undefined));
    const tracing = await open();
    tracing.begin('client', 'x', undefined, {}).end();
    const begun = performance.now();
    await tracing.close(300);
    expect(performance.now() - begun).toBeLessThan(1_000);
    collector.answer({ status: 200, body: '{}' });
  });
});

describe('a collector that is away', () => {
  it('costs a bounded number of spans beside those under way, and is told of once, and when it is back', async () => {
    collector.answer({ status: 400 });
    lines.length = 0;
    const before = collector.spans.length;
    const tracing = await open();
    for (let i = 0; i < 20_000; i++) tracing.begin('client', `away ${i}`, undefined, {}).end();
    await waitFor(() => expect(collector.spans.length - before).toBe(2_048 + 512), 15_000);
    await waitFor(() => expect(lines.map(({ msg }) => msg)).toEqual(['spans could not be exported']));
    collector.answer({ status: 200, body: '{}' });
    tracing.begin('client', 'back', undefined, {}).end();
    await waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('spans are exported again'));
  });
});
