import { Controller, Get, Header, Inject, Module, type DynamicModule } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { VERSION } from '#config';

/** What a server of health and metrics alone bears of a client: it takes no bodies, and waits for nobody. */
export const OPS_LIMITS = { requestTimeout: 10_000, connectionTimeout: 30_000, bodyLimit: 1_024 };

/** What the app depends on, by name; a check rejects when the dependency is not usable now. */
export type HealthChecks = Record<string, () => Promise<unknown>>;

const CHECKS = Symbol('health checks');
export const METRICS = Symbol('metrics registry');

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    @Inject(CHECKS) private readonly checks: HealthChecks,
  ) {}

  /** The process runs and answers. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The process can do its work: every dependency answers. */
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check(
      Object.entries(this.checks).map(
        ([name, check]) =>
          () =>
            this.indicate(name, check),
      ),
    );
  }

  private async indicate(name: string, check: () => Promise<unknown>) {
    const indicator = this.indicators.check(name);
    try {
      await check();
      return indicator.up();
    } catch (error) {
      return indicator.down({ message: error instanceof Error ? error.message : String(error) });
    }
  }
}

@Controller('metrics')
class MetricsController {
  constructor(@Inject(METRICS) private readonly registry: Registry) {}

  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}

/** Health and metrics, the same in every app. Metrics are made on the registry METRICS. */
@Module({})
export class OpsModule {
  static register(app: string, checks: HealthChecks, registry = createRegistry(app)): DynamicModule {
    return {
      module: OpsModule,
      global: true,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: CHECKS, useValue: checks },
        { provide: METRICS, useValue: registry },
      ],
      exports: [METRICS],
    };
  }
}

/** A registry with the process's own figures; every metric carries the app's name. */
export function createRegistry(app: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ app });
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'tidings_build_info',
    help: 'Always 1; its labels say which version runs, on which Node.js.',
    labelNames: ['version', 'node'],
    registers: [registry],
  }).set({ version: VERSION, node: process.versions.node }, 1);
  return registry;
}
