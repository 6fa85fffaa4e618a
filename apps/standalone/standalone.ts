import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Config } from '#config';
import { ensureDatabase, freePort, type Program } from '#embedded';
import { claimApiAddress, type ApiAddress } from './api-address.js';
import { appProgram, instancesOf, type AppInstance } from './apps.js';
import { ChildrenRecord, endLeftovers } from './children-record.js';
import { Crew, type Rank } from './crew.js';
import { holdsData, openDataFolder, type DataFolder } from './data-folder.js';
import { demoEgress } from './demo/demo-egress.js';
import { readOrMakeKept, writeKept, type Kept } from './kept.js';
import { takeLock, type FolderLock } from './lock.js';
import { expectReachable } from './reachable.js';
import { ScrapeTargets } from './scrape-targets.js';
import { DATABASE, dataFault, prepareNats, preparePostgres } from './servers.js';
import { StandaloneFile, type StandaloneJson } from './standalone-json.js';
import { terminal } from './terminal.js';

const NATS_PORT = 4222;
const POSTGRES_PORT = 5432;

/** What the system answers to, once it is up. */
export type Addresses = Omit<StandaloneJson, 'processes'>;

/**
 * The whole system on one machine.
 *
 *   new --start--> starting --> up
 *                     |          |
 *                     +-- stop --+--> stopped
 *
 * `stop` may come at any time, even while `start` is under way, which then
 * rejects. Whatever was begun by then is ended, in order.
 */
export class Standalone {
  private readonly stopping = new AbortController();
  private lock: FolderLock | undefined;
  private record: ChildrenRecord | undefined;
  private crew: Crew | undefined;
  private file: StandaloneFile | undefined;
  private targets: ScrapeTargets | undefined;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly config: Config,
    private readonly demo: boolean,
  ) {}

  /** Aborted as soon as the system is to stop. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /**
   * Brings everything up.
   * @throws Unavailable saying what is in the way and how to clear it; AbortError when stop was called
   */
  async start(): Promise<{ addresses: Addresses; folder: DataFolder; kept: Kept }> {
    const { config } = this;
    const folder = await openDataFolder(config.TIDINGS_DATA_DIR);
    this.lock = await takeLock(folder.lock, folder.path);
    // One that a killed start left behind would send clients to what is no more.
    await rm(folder.standaloneJson, { force: true });
    this.targets = new ScrapeTargets(folder.targetsJson);
    await this.targets.remove();
    const leftovers = await endLeftovers(folder.childrenJson);
    if (leftovers.length > 0)
      terminal.warn('Earlier start', `was killed; ended what it left: ${leftovers.join(', ')}`);
    this.signal.throwIfAborted();
    const api = await claimApiAddress(config.TIDINGS_HOST, config.TIDINGS_PORT);
    await expectReachable('TIDINGS_DATABASE_URL', config.TIDINGS_DATABASE_URL, POSTGRES_PORT);
    await expectReachable('TIDINGS_NATS_URL', config.TIDINGS_NATS_URL, NATS_PORT);
    const kept = await readOrMakeKept(folder.keptJson, await holdsData(folder));
    this.record = new ChildrenRecord(folder.childrenJson);
    this.crew = new Crew(this.record, () => void this.file?.update().catch(() => undefined));
    const [databaseUrl, natsUrl] = await allOrFirstFault([
      this.startPostgres(this.crew, folder, kept),
      this.startNats(this.crew, folder, kept),
    ]);
    // The ports are chosen by now.
    await writeKept(folder.keptJson, kept);
    const addresses: Addresses = {
      api_url: api.url,
      operator_key: config.TIDINGS_OPERATOR_KEY ?? kept.operator_key,
      nats_url: natsUrl,
      database_url: databaseUrl,
    };
    await this.startApps(this.crew, folder, kept, api, addresses);
    this.signal.throwIfAborted();
    const { crew } = this;
    this.file = new StandaloneFile(folder.standaloneJson, () => ({ ...addresses, processes: crew.pids }));
    await this.file.update();
    await this.targets.write();
    return { addresses, folder, kept };
  }

  private async startPostgres(crew: Crew, folder: DataFolder, kept: Kept): Promise<string> {
    const given = this.config.TIDINGS_DATABASE_URL;
    if (given !== undefined) return given;
    const postgres = await preparePostgres(folder, kept, this.signal);
    try {
      await this.bringUp(crew, 'postgres', 'server', postgres.program);
    } catch (error) {
      throw this.signal.aborted ? error : dataFault(error, folder.postgres);
    }
    await ensureDatabase(postgres.port, kept.postgres_password, DATABASE);
    return postgres.url;
  }

  private async startNats(crew: Crew, folder: DataFolder, kept: Kept): Promise<string> {
    const given = this.config.TIDINGS_NATS_URL;
    if (given !== undefined) return given;
    const nats = await prepareNats(folder, kept, this.config.TIDINGS_NATS_SERVER, this.signal);
    try {
      await this.bringUp(crew, 'nats', 'server', nats.program);
    } catch (error) {
      throw this.signal.aborted ? error : dataFault(error, folder.nats);
    }
    return nats.url;
  }

  private async startApps(
    crew: Crew,
    folder: DataFolder,
    kept: Kept,
    api: ApiAddress,
    addresses: Addresses,
  ): Promise<void> {
    const { config } = this;
    const variables = {
      TIDINGS_NATS_URL: addresses.nats_url,
      TIDINGS_DATABASE_URL: addresses.database_url,
      TIDINGS_OPERATOR_KEY: addresses.operator_key,
      TIDINGS_ENCRYPTION_KEYS: config.TIDINGS_ENCRYPTION_KEYS ?? kept.encryption_keys,
      TIDINGS_HOST: api.host,
      TIDINGS_PORT: String(api.port),
      // Its own parts and its file speak of http; what serves others stands behind a proxy, or is not standalone.
      TIDINGS_TLS_CERT: '',
      TIDINGS_TLS_KEY: '',
      ...(this.demo ? demoEgress(config) : {}),
    };
    this.targets?.add('admin-api', api.host, api.port);
    const run = async (instance: AppInstance): Promise<void> => {
      // Chosen once, so that a process is found at the same place after it was started again.
      const opsPort = await freePort(api.host);
      const program = appProgram(
        instance,
        { ...variables, TIDINGS_OPS_PORT: String(opsPort) },
        folder.log(instance.name),
      );
      await this.bringUp(crew, instance.name, instance.app, program);
      if (instance.app !== 'admin-api') this.targets?.add(instance.name, api.host, opsPort);
    };
    // The admin API comes first: it brings the database's tables up to date.
    for (const instance of instancesOf('admin-api', 1)) await run(instance);
    await allOrFirstFault(
      [
        ...instancesOf('subscriber', config.TIDINGS_SUBSCRIBERS),
        ...instancesOf('dispatcher', config.TIDINGS_DISPATCHERS),
      ].map(run),
    );
  }

  private async bringUp(crew: Crew, name: string, rank: Rank, program: Program): Promise<void> {
    const begun = performance.now();
    await crew.add(name, rank, program);
    terminal.done(program.title, `${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }

  /** Ends everything in order: the apps, then the servers. Calling it again waits for the same end. */
  stop(): Promise<void> {
    this.stopping.abort();
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    // First, so that nobody is sent to a system that is going away.
    await this.file?.remove();
    await this.targets?.remove();
    await this.crew?.stop();
    await this.record?.clear();
    await this.lock?.release();
  }
}

/** Waits for all to come to an end, then fails with the first fault: no start goes on behind a stop's back. */
async function allOrFirstFault<const Work extends readonly Promise<unknown>[]>(
  work: Work,
): Promise<{ -readonly [Key in keyof Work]: Awaited<Work[Key]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
