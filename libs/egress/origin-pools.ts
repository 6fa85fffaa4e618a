import { Client, Pool, type buildConnector, type Dispatcher } from 'undici';
import type { TlsIdentity } from './tls-identity.js';

export interface PoolLimits {
  /** Connections that one origin may have at once. */
  connectionsPerOrigin: number;
  /** As soon as more are open, those of the origins that were asked least lately are closed, if they are idle. */
  sockets: number;
  /** For how long an idle connection is kept, milliseconds. */
  idleMs: number;
  /** How many of one origin's connections are kept so long; the others are kept for `surplusIdleMs`. */
  idlePerOrigin: number;
  surplusIdleMs: number;
}

interface Kept {
  key: string;
  pool: Pool;
  /** Requests that have not ended. */
  live: number;
  /** Closed to later requests, for one that nobody waits for any more stands before them. */
  abandoned: boolean;
  /** Connections that are open; none counts any more once the pool is forgotten. */
  sockets: number;
  forgotten: boolean;
}

const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Connections, kept by origin and identity.
 *
 *   absent --asked--> kept --its last connection is closed--> absent
 *                      |`--too many sockets, nothing under way--> absent
 *                       `--a request expires before it is begun--> abandoned --its last request ends--> gone
 *
 * undici's own Agent forgets an origin too, but not one whose last request was
 * aborted; it knows no identities, and does not bound what is idle over all.
 */
export class OriginPools {
  /** Those that were asked least lately come first. */
  private readonly kept = new Map<string, Kept>();
  private readonly abandoned = new Set<Kept>();
  private sockets = 0;

  /** @param connectorOf makes connections; asked once for each origin and identity */
  constructor(
    private readonly limits: PoolLimits,
    private readonly connectorOf: (identity: TlsIdentity | undefined) => buildConnector.connector,
  ) {}

  /** Origins that are kept, and their open connections. */
  get size(): { origins: number; sockets: number } {
    return { origins: this.kept.size, sockets: this.sockets };
  }

  /** Requests that are under way, and those that wait for a connection. */
  get requests(): { running: number; waiting: number } {
    let [running, waiting] = [0, 0];
    for (const kept of [...this.kept.values(), ...this.abandoned]) {
      const { stats } = kept.pool;
      running += stats.running;
      waiting += stats.size - stats.running;
    }
    return { running, waiting };
  }

  /**
   * @returns to be called once the request has its end, with whether it expired before it was begun
   * @throws Error when the identity is none
   */
  dispatch(
    origin: string,
    identity: TlsIdentity | undefined,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): (expiredUnbegun: boolean) => void {
    const key = identity === undefined ? origin : `${origin} ${identity.id}`;
    let kept = this.kept.get(key);
    if (kept) this.kept.delete(key);
    else kept = this.make(key, origin, identity);
    this.kept.set(key, kept);
    kept.live += 1;
    kept.pool.dispatch(options, handler);
    const place = kept;
    return (expiredUnbegun) => this.ended(place, expiredUnbegun);
  }

  async destroy(): Promise<void> {
    const all = [...this.kept.values(), ...this.abandoned];
    for (const kept of all) kept.forgotten = true;
    this.kept.clear();
    this.abandoned.clear();
    this.sockets = 0;
    await Promise.all(all.map(({ pool }) => pool.destroy()));
  }

  private make(key: string, origin: string, identity: TlsIdentity | undefined): Kept {
    const pool = this.poolOf(origin, identity);
    const kept: Kept = { key, pool, live: 0, abandoned: false, sockets: 0, forgotten: false };
    kept.pool
      .on('connect', () => this.count(kept, 1))
      .on('disconnect', () => {
        this.count(kept, -1);
        // Only then has the pool dropped what was aborted ("never answers" in the spec).
        queueMicrotask(() => this.forgetUnused(kept));
      })
      .on('connectionError', () => this.forgetUnused(kept));
    return kept;
  }

  private poolOf(origin: string, identity: TlsIdentity | undefined): Pool {
    const { idleMs, idlePerOrigin, surplusIdleMs, connectionsPerOrigin } = this.limits;
    const lasting = new Set<Client>();
    return new Pool(origin, {
      connect: this.connectorOf(identity),
      connections: connectionsPerOrigin,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The deadline of the attempt covers both; undici's own would each start anew.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      // A pool asks its first connections first, so that the surplus of a busy hour goes idle.
      factory: (url, options) => {
        const lasts = lasting.size < idlePerOrigin;
        const keepAliveTimeout = lasts ? idleMs : surplusIdleMs;
        const client = new Client(url, {
          ...options,
          keepAliveTimeout,
          keepAliveMaxTimeout: keepAliveTimeout,
        });
        // A client that could not connect is given up by its pool.
        if (lasts) lasting.add(client.on('connectionError', () => lasting.delete(client)));
        return client;
      },
    });
  }

  private count(kept: Kept, change: 1 | -1): void {
    if (kept.forgotten) return;
    kept.sockets += change;
    this.sockets += change;
    if (change === 1 && this.sockets > this.limits.sockets) this.makeRoom();
  }

  private makeRoom(): void {
    for (const kept of this.kept.values()) {
      if (kept.sockets > 0 && kept.pool.stats.size === 0) this.forget(kept);
      if (this.sockets <= this.limits.sockets) return;
    }
  }

  private forgetUnused(kept: Kept): void {
    if (!kept.forgotten && kept.sockets === 0 && kept.pool.stats.size === 0) this.forget(kept);
  }

  /**
   * A request cannot be taken out of a pool before it is begun. One that expired while
   * no connection could be made would have the next ones wait for it, and its bytes kept.
   */
  private ended(kept: Kept, expiredUnbegun: boolean): void {
    kept.live -= 1;
    if (expiredUnbegun && !kept.forgotten) {
      this.remove(kept);
      kept.abandoned = true;
      this.abandoned.add(kept);
    }
    if (!kept.abandoned || kept.live > 0) return;
    if (this.abandoned.delete(kept)) void kept.pool.destroy();
  }

  /** Only what has nothing under way: its connections are closed at once. */
  private forget(kept: Kept): void {
    this.remove(kept);
    void kept.pool.close();
  }

  private remove(kept: Kept): void {
    this.sockets -= kept.sockets;
    kept.forgotten = true;
    this.kept.delete(kept.key);
  }
}
