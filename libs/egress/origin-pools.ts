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
  pool: Pool;
  /** Connections that are open; none counts any more once the pool is forgotten. */
  sockets: number;
  forgotten: boolean;
}

const MAX_HEADER_BYTES = 16 * 1024;

/**
 * Connections, kept by origin and identity.
 *
 *   absent --asked--> kept --its last connection is closed--> absent
 *                       `--too many sockets, nothing under way--> absent
 *
 * undici's own Agent forgets an origin too, but not one whose last request was
 * aborted; it knows no identities, and does not bound what is idle over all.
 */
export class OriginPools {
  /** Those that were asked least lately come first. */
  private readonly kept = new Map<string, Kept>();
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

  /** @throws Error when the identity is none */
  dispatch(
    origin: string,
    identity: TlsIdentity | undefined,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void {
    const key = identity === undefined ? origin : `${origin} ${identity.id}`;
    let kept = this.kept.get(key);
    if (kept) this.kept.delete(key);
    else kept = this.make(key, origin, identity);
    this.kept.set(key, kept);
    kept.pool.dispatch(options, handler);
  }

  async destroy(): Promise<void> {
    const all = [...this.kept.values()];
    for (const kept of all) kept.forgotten = true;
    this.kept.clear();
    this.sockets = 0;
    await Promise.all(all.map(({ pool }) => pool.destroy()));
  }

  private make(key: string, origin: string, identity: TlsIdentity | undefined): Kept {
    const kept: Kept = { pool: this.poolOf(origin, identity), sockets: 0, forgotten: false };
    kept.pool
      .on('connect', () => this.count(kept, 1))
      .on('disconnect', () => {
        this.count(kept, -1);
        // Only then has the pool dropped what was aborted ("never answers" in the spec).
        queueMicrotask(() => this.forgetUnused(key, kept));
      })
      .on('connectionError', () => this.forgetUnused(key, kept));
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
    for (const [key, kept] of this.kept) {
      if (kept.sockets > 0 && kept.pool.stats.size === 0) this.forget(key, kept);
      if (this.sockets <= this.limits.sockets) return;
    }
  }

  private forgetUnused(key: string, kept: Kept): void {
    if (!kept.forgotten && kept.sockets === 0 && kept.pool.stats.size === 0) this.forget(key, kept);
  }

  /** Only what has nothing under way: its connections are closed at once. */
  private forget(key: string, kept: Kept): void {
    this.sockets -= kept.sockets;
    kept.forgotten = true;
    this.kept.delete(key);
    void kept.pool.close();
  }
}
