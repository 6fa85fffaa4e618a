import { Get } from '@nestjs/common';
import { Bus } from '#bus';
import { KeptFigures } from '#observability';
import { countOpenJobs, DataSource, readDatabase, readRecord, readRelay } from '#persistence';
import { NeedsRole } from '../access/role-needed.js';
import { Answers, Resource } from '../openapi/resource.js';
import { LedgerRelay } from '../relay/ledger-relay.js';
import { systemView } from './system-schemas.js';
import { systemViewOf } from './system-view.js';

/** Many may ask at once; the servers are asked once. */
const KEPT_MS = 1_000;

/** How Tidings as a whole fares. Answers within about two seconds, whatever is away. */
@Resource('system')
@NeedsRole('operator')
export class SystemController {
  private readonly figures = new KeptFigures(() => this.bus.figures(), KEPT_MS);
  private readonly homes = new KeptFigures(() => this.bus.homes.read(), KEPT_MS);
  private readonly size = new KeptFigures(() => readDatabase(this.database), KEPT_MS);
  private readonly record = new KeptFigures(() => readRecord(this.database), KEPT_MS);
  private readonly standing = new KeptFigures(() => readRelay(this.database, this.relay.tells), KEPT_MS);
  private readonly jobs = new KeptFigures(() => countOpenJobs(this.database), KEPT_MS);

  constructor(
    private readonly bus: Bus,
    private readonly database: DataSource,
    private readonly relay: LedgerRelay,
  ) {}

  @Get()
  @Answers(
    200,
    'How the system fares; what does not answer is named in `away`, and what only that knows is null',
    systemView,
  )
  async read() {
    const [figures, homes, database, record, relay, jobs] = await Promise.all([
      this.figures.get(),
      this.homes.get(),
      this.size.get(),
      this.record.get(),
      this.standing.get(),
      this.jobs.get(),
    ]);
    const { serverVersion: natsVersion } = this.bus.connection;
    return systemViewOf({ figures, homes, natsVersion, database, record, relay, jobs });
  }
}
