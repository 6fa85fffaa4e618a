import { ConfigError, loadConfig } from './load.js';
import { tracingOf } from './parts.js';

const of = (environment: Record<string, string>) => tracingOf(loadConfig(environment));
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('where traces go', () => {
  it('is nowhere unless it is said, whatever else is', () => {
    expect(of({ OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toBeUndefined();
  });

  it.each([
    ['http://collector:4318', 'http://collector:4318/v1/traces'],
    ['http://collector:4318/', 'http://collector:4318/v1/traces'],
    ['https://otlp.example.com/tenant', 'https://otlp.example.com/tenant/v1/traces'],
  ])('is below %s', (endpoint, url) => {
    expect(of({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toMatchObject({
      ...{ url, headers: {}, sampler: 'parentbased_always_on', ratio: 1 },
      ...{ serviceName: undefined, attributes: {} },
    });
  });

  it('is the address for traces alone as it is, before the one for everything', () => {
    const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://tempo:4318/otlp' };
    expect(of({ ...ENDPOINT, ...traces })?.url).toBe('http://tempo:4318/otlp');
  });

  it('comes with headers, those for traces alone over the others', () => {
    expect(
      of({
        ...ENDPOINT,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YTpi, x-a=1 ,,x-b=2=3',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-a=traces',
      })?.headers,
    ).toEqual({ authorization: 'Basic YTpi', 'x-a': 'traces', 'x-b': '2=3' });
  });

  it('comes with a sampler, a share, a name and attributes', () => {
    expect(
      of({
        ...ENDPOINT,
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.05',
        OTEL_SERVICE_NAME: 'webhooks',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,team=a%2Cb',
      }),
    ).toMatchObject({
      ...{ sampler: 'parentbased_traceidratio', ratio: 0.05, serviceName: 'webhooks' },
      attributes: { 'deployment.environment.name': 'test', team: 'a,b' },
    });
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    [{ OTEL_TRACES_SAMPLER: 'xray' }, 'OTEL_TRACES_SAMPLER'],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG'],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x-a=%zzs3cret' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x-a=s3cret%0d%0ax-b:1' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 's3cret' }, 'OTEL_EXPORTER_OTLP_HEADERS'],
  ])(
    'is refused by the variable’s name, and no secret told: %j',
    (environment: Record<string, string>, name) => {
      const refusal = () => of(environment);
      expect(refusal).toThrow(ConfigError);
      expect(refusal).toThrow(name);
      expect(refusal).not.toThrow(/s3cret/);
    },
  );
});
