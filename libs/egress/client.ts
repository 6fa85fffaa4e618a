import type { lookup } from 'node:dns';
import { Axios } from 'axios';
import { AddressGuard, BlockedAddressError, type EgressPolicy } from './address-guard.js';
import { connectorsOf } from './connector.js';
import { failureOf, type Failure } from './failure.js';
import { OriginPools, type PoolLimits } from './origin-pools.js';
import { proxyOf } from './proxy-tunnel.js';
import { type OutboundRequest, undiciAdapter, type KeptAnswer } from './undici-adapter.js';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** At most 16 KiB, decoded as UTF-8. */
  body: string;
  truncated: boolean;
}

export type Exchanged = { answer: Answer } | { failure: Failure };

const LIMITS = { sockets: 1_000, idleMs: 10_000, idlePerOrigin: 64, surplusIdleMs: 2_000 };

const asItIs = [(data: unknown) => data];

/** The one client for requests to places that tenants chose. */
export class EgressClient {
  private readonly guard: AddressGuard;
  private readonly pools: OriginPools;
  private readonly http: Axios;
  private refused = 0;

  /**
   * @param connectionsPerOrigin as many as there are requests at once: one that
   *   waits for a connection would spend its own deadline on others' slowness
   * @param parts what specs choose otherwise: how much is kept, who looks names up
   */
  constructor(
    policy: EgressPolicy,
    connectionsPerOrigin: number,
    { limits = {}, resolve }: { limits?: Partial<PoolLimits>; resolve?: typeof lookup } = {},
  ) {
    this.guard = new AddressGuard(policy, resolve);
    const proxy = policy.proxy === undefined ? undefined : proxyOf(policy.proxy);
    const connectors = connectorsOf(this.guard.lookup, proxy);
    this.pools = new OriginPools({ ...LIMITS, ...limits, connectionsPerOrigin }, connectors);
    // Without axios' defaults: merging headers that nobody wants costs as much as the rest of axios.
    this.http = new Axios({
      adapter: undiciAdapter(this.pools),
      transformRequest: asItIs,
      transformResponse: asItIs,
      validateStatus: null,
    });
  }

  /** Sends a request and keeps what came back. Never throws: what goes wrong is a failure with its kind. */
  async send(request: OutboundRequest): Promise<Exchanged> {
    try {
      // Every time anew: what may be reached can change after a webhook is saved.
      if (!this.guard.checkUrl(request.url).ok) throw new BlockedAddressError();
      const { method, url, timeoutMs: timeout } = request;
      const response = await this.http.request<KeptAnswer>({ method, url, timeout, data: request });
      return { answer: toAnswer(response.status, response.data) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'blocked_address') this.refused++;
      return { failure };
    }
  }

  /** Origins whose connections are kept, and how many connections that are. */
  get kept(): { origins: number; sockets: number } {
    return this.pools.size;
  }

  /** Requests that are under way, and those for which no connection is there yet. */
  get requests(): { running: number; waiting: number } {
    return this.pools.requests;
  }

  /** How many requests were refused because of where they were to go. */
  get blocked(): number {
    return this.refused;
  }

  async close(): Promise<void> {
    await this.pools.destroy();
  }
}

function toAnswer(status: number, { headers, bytes, truncated }: KeptAnswer): Answer {
  // PostgreSQL's text takes no NUL.
  return { status, headers, body: bytes.toString('utf8').replaceAll('\0', '\ufffd'), truncated };
}
