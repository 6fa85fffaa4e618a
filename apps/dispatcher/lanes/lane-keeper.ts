import { partitionOf, type Bus, type OwedDelivery } from '#bus';
import type { RoutedWebhook, TenantId, WebhookId } from '#domain';
import type { Front } from '../front/front.js';
import type { ReadyWebhook } from '../webhooks/ready-webhook.js';
import { Lane } from './lane.js';
import { LaneSession, type CarryOut, type Session } from './lane-session.js';
import { OrderedSession } from './ordered-session.js';
import { Pace, type PaceKeepers } from './pace.js';
import type { Wait } from './turn.js';

export interface LaneKeeperParts extends PaceKeepers {
  bus: Pick<Bus, 'lanes' | 'routingFloors' | 'deliveries'>;
  front: Front;
  isHome: (partition: number) => boolean;
  find: (webhook: WebhookId) => ReadyWebhook | undefined;
  /** Ends all that a webhook is owed which is disabled or deleted. */
  cancelAll: (webhook: WebhookId, reason: 'webhook_disabled' | 'webhook_deleted') => Promise<unknown>;
}

export interface LaneCounts {
  owing: number;
  draining: number;
  held: Partial<Record<Wait, number>>;
}

/** Lanes that drain at once; each needs a consumer. */
const MAX_SESSIONS = 256;
/** While others wait for a session, one lane drains for so long. */
const SLICE_MS = 3_000;
const TICK_MS = 250;
/** A lane that nobody told us of is found this soon. */
const LOOK_EVERY_MS = 10_000;
/** A lane that cannot go on for so long gives its session up. */
const SOON_MS = 1_000;
/** A session that gets nothing although something should be there looks for itself. */
const IDLE_MS = 2_000;
const FORGET_AFTER_MS = 600_000;

interface Draining {
  lane: Lane;
  since: number;
  busyAt: number;
  /** Undefined when it could not be opened. */
  opening: Promise<Session | undefined>;
  /** Undefined while it opens. */
  session: Session | undefined;
  ordered: boolean;
  closing: Promise<void> | undefined;
}

/**
 * Knows the lanes of the webhooks at home here, and drains those that may go on.
 *
 *   empty <--> holding --> in line for a session --> draining --> empty
 *                 ^                                     |
 *                 `-------------------------------------'  paused, broken, limited, or its slice is over
 */
export class LaneKeeper {
  private readonly lanes = new Map<WebhookId, Lane | Promise<Lane>>();
  /** Lanes with something in them. */
  private readonly owing = new Set<Lane>();
  private readonly inLine = new Set<Lane>();
  private readonly draining = new Map<WebhookId, Draining>();
  private carryOut!: CarryOut;
  private timers: NodeJS.Timeout[] = [];
  private stopListening = () => {};
  private looking: Promise<void> | undefined;
  /** Partitions that are going or gone, while their lanes may still be here. */
  private readonly left = new Set<number>();

  constructor(private readonly parts: LaneKeeperParts) {}

  /** @param carryOut what is done with the deliveries of lanes */
  start(carryOut: CarryOut): void {
    this.carryOut = carryOut;
    this.stopListening = this.parts.bus.lanes.listen((webhook) => void this.told(webhook));
    this.timers = [
      setInterval(() => this.tick(), TICK_MS),
      setInterval(() => void this.look(), LOOK_EVERY_MS),
      setInterval(() => this.forget(), FORGET_AFTER_MS / 10),
    ];
  }

  /** Lanes with something in them, those of them that drain, and what holds the others. */
  get counts(): LaneCounts {
    const held: LaneCounts['held'] = {};
    let owing = 0;
    for (const lane of this.lanes.values()) {
      if (!(lane instanceof Lane) || lane.waiting === 0) continue;
      owing++;
      const reason = lane.heldBy;
      if (reason) held[reason] = (held[reason] ?? 0) + 1;
    }
    return { owing, draining: this.draining.size, held };
  }

  /** The lane of a webhook at home here; a promise while what its last home left is read. */
  of(webhook: RoutedWebhook): Lane | Promise<Lane> {
    const known = this.lanes.get(webhook.id);
    if (known) return known;
    const pace = Pace.resume(webhook, this.parts);
    const begin = (resumed: Pace) =>
      new Lane(webhook, resumed, this.parts.front, (changed) => this.consider(changed));
    if (pace instanceof Pace) {
      const lane = begin(pace);
      this.lanes.set(webhook.id, lane);
      return lane;
    }
    const loading = pace.then(
      (resumed) => {
        const lane = begin(resumed);
        // It may have moved on, or changed, meanwhile.
        if (this.lanes.get(webhook.id) === loading) this.lanes.set(webhook.id, lane);
        const now = this.parts.find(webhook.id);
        if (now && now.webhook !== webhook) lane.update(now.webhook);
        return lane;
      },
      (error: unknown) => {
        if (this.lanes.get(webhook.id) === loading) this.lanes.delete(webhook.id);
        throw error;
      },
    );
    this.lanes.set(webhook.id, loading);
    return loading;
  }

  /**
   * Moves a ready delivery into its lane; once, also when whoever moved it died before that was acknowledged.
   * @param sequence the place in DELIVERIES that it had when it was ready
   * @throws when NATS did not take it
   */
  async hold(lane: Lane, owed: OwedDelivery, data: Uint8Array, sequence: number): Promise<void> {
    lane.entering++;
    try {
      await this.parts.bus.deliveries.hold(owed, data, `moved/${sequence}`);
      lane.waiting++;
      // It may be what an ordered lane waits for.
      lane.notBefore = 0;
    } finally {
      lane.entering--;
    }
    this.consider(lane);
  }

  /**
   * Takes back what is scheduled of a delivery.
   * @throws when NATS cannot be asked
   */
  async takeBack({ webhook, delivery }: OwedDelivery): Promise<void> {
    await this.parts.bus.deliveries.cancelLater(webhook, delivery);
  }

  /**
   * Looks what waits in a lane, for one that may have come here a moment ago.
   * @returns how many
   * @throws when NATS cannot be asked
   */
  async measure(lane: Lane): Promise<number> {
    if (lane.waiting > 0) return lane.waiting;
    lane.waiting = Math.max(lane.waiting, await this.parts.bus.lanes.length(lane.id));
    this.consider(lane);
    return lane.waiting;
  }

  /** A webhook changed. */
  changed(webhook: RoutedWebhook): void {
    if (!this.parts.isHome(partitionOf(webhook.id))) return;
    if (webhook.status === 'disabled') return void this.end(webhook.id, 'webhook_disabled');
    const lane = this.lanes.get(webhook.id);
    if (lane instanceof Lane) lane.update(webhook);
  }

  /** A delivery of the webhook was cancelled; it may be what an ordered lane waits for. */
  cancelled(webhook: WebhookId): void {
    const lane = this.lanes.get(webhook);
    if (!(lane instanceof Lane)) return;
    lane.notBefore = 0;
    this.consider(lane);
  }

  removed(_tenant: TenantId, webhook: WebhookId): void {
    if (this.parts.isHome(partitionOf(webhook))) void this.end(webhook, 'webhook_deleted');
  }

  /** A partition came here. */
  arrived(partition: number): void {
    this.left.delete(partition);
    void this.look();
  }

  /** Looks what waits in the lanes at home here. */
  async look(): Promise<void> {
    this.looking ??= this.lookNow().finally(() => (this.looking = undefined));
    await this.looking;
  }

  /**
   * A partition goes: its lanes stop. They stay known until `forgetPartition`, for what is still in hand as ready
   * stands in line in them: a second lane of the same webhook would know nothing of what the first one uses.
   */
  async leave(partition: number, withinMs: number): Promise<void> {
    this.left.add(partition);
    const gone = [...this.draining.values()].filter(({ lane }) => partitionOf(lane.id) === partition);
    await Promise.all(gone.map((draining) => this.close(draining, withinMs)));
  }

  /** Forgets what webhooks of a partition have used: it has gone, or comes, and another home may know better. */
  forgetPartition(partition: number): void {
    for (const id of this.lanes.keys()) if (partitionOf(id) === partition) this.drop(id);
  }

  async stop(withinMs: number): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.stopListening();
    await Promise.all([...this.draining.values()].map((draining) => this.close(draining, withinMs)));
  }

  private async told(webhook: WebhookId): Promise<void> {
    if (!this.parts.isHome(partitionOf(webhook))) return;
    const ready = this.parts.find(webhook);
    if (!ready) return;
    try {
      const lane = await this.of(ready.webhook);
      if (ready.webhook.ordered) lane.waiting++;
      this.consider(lane);
    } catch (error) {
      this.parts.report(`the lane of ${webhook} could not be looked after`, error);
    }
  }

  private async lookNow(): Promise<void> {
    try {
      for (const [webhook, length] of await this.parts.bus.lanes.lengths()) {
        if (!this.parts.isHome(partitionOf(webhook)) || this.draining.has(webhook)) continue;
        const ready = this.parts.find(webhook);
        if (!ready) await this.end(webhook, 'webhook_deleted');
        else if (ready.webhook.status === 'disabled') await this.end(webhook, 'webhook_disabled');
        else {
          const lane = await this.of(ready.webhook);
          lane.waiting = Math.max(lane.waiting, length);
          this.consider(lane);
        }
      }
    } catch (error) {
      this.parts.report('the lanes could not be looked at', error);
    }
  }

  /** What the lane needs now; cheap, for it is asked after every attempt. */
  private consider(lane: Lane): void {
    if (lane.waiting === 0 || this.lanes.get(lane.id) !== lane || this.left.has(partitionOf(lane.id))) return;
    this.owing.add(lane);
    const draining = this.draining.get(lane.id);
    if (draining) return draining.session?.news();
    const now = Date.now();
    if (lane.openAt(now) > now || lane.notBefore > now) return;
    if (this.draining.size < MAX_SESSIONS) this.open(lane);
    else this.inLine.add(lane);
  }

  private open(lane: Lane): void {
    this.inLine.delete(lane);
    const { ordered } = lane.webhook;
    const now = Date.now();
    const draining: Draining = {
      lane,
      since: now,
      busyAt: now,
      opening: Promise.resolve(undefined),
      session: undefined,
      ordered,
      closing: undefined,
    };
    this.draining.set(lane.id, draining);
    const kind = ordered ? OrderedSession : LaneSession;
    const { bus, report, isHome } = this.parts;
    const parts = {
      bus,
      report,
      carryOut: this.carryOut,
      isHome: (webhook: WebhookId) => isHome(partitionOf(webhook)),
    };
    draining.opening = kind.open(lane, parts).then(
      (session: Session) => (draining.session = session),
      (error: unknown) => {
        this.parts.report(`the lane of ${lane.id} could not be opened`, error);
        lane.notBefore = Date.now() + SOON_MS;
        this.draining.delete(lane.id);
        return undefined;
      },
    );
  }

  private tick(): void {
    for (const draining of this.draining.values()) this.tend(draining);
    const now = Date.now();
    for (const lane of this.owing) {
      if (this.draining.has(lane.id)) continue;
      // It comes back with its news.
      if (lane.openAt(now) === Infinity) this.owing.delete(lane);
      else this.consider(lane);
    }
  }

  private tend(draining: Draining): void {
    const { lane, session, closing } = draining;
    if (!session || closing) return;
    const now = Date.now();
    if (session.inHand > 0) draining.busyAt = now;
    const over = this.inLine.size > 0 && now - draining.since > SLICE_MS;
    const blocked = lane.openAt(now) - now > SOON_MS || lane.notBefore > now;
    if (over || blocked || draining.ordered !== lane.webhook.ordered) {
      session.rest();
      if (session.inHand === 0) void this.close(draining, 0);
      return;
    }
    session.news();
    if (now - draining.busyAt > IDLE_MS) void this.count(draining);
  }

  /** Looks how long the lane really is, and closes it when it is empty. */
  private async count(draining: Draining): Promise<void> {
    const { lane, session } = draining;
    draining.busyAt = Date.now();
    try {
      const length = await this.parts.bus.lanes.length(lane.id);
      if (lane.entering > 0) return;
      lane.waiting = length;
      if (length === 0 && session?.inHand === 0) await this.close(draining, 0);
    } catch (error) {
      this.parts.report(`the lane of ${lane.id} could not be looked at`, error);
    }
  }

  private close(draining: Draining, withinMs: number): Promise<void> {
    const { lane } = draining;
    draining.closing ??= (async () => {
      try {
        // One that is still being opened would drain on, beside the lane's next home.
        const session = await draining.opening;
        await session?.close(withinMs);
      } catch (error) {
        this.parts.report(`the lane of ${lane.id} could not be closed`, error);
      }
      if (this.draining.get(lane.id) === draining) this.draining.delete(lane.id);
      if (lane.waiting === 0) this.owing.delete(lane);
      for (const next of this.inLine) {
        this.inLine.delete(next);
        this.consider(next);
        break;
      }
      if (this.owing.has(lane)) this.consider(lane);
    })();
    return draining.closing;
  }

  private async end(webhook: WebhookId, reason: 'webhook_disabled' | 'webhook_deleted'): Promise<void> {
    const draining = this.draining.get(webhook);
    if (draining) await this.close(draining, SOON_MS);
    this.drop(webhook);
    try {
      await this.parts.cancelAll(webhook, reason);
    } catch (error) {
      this.parts.report(`what ${webhook} was owed could not be cancelled yet`, error);
    }
  }

  private drop(webhook: WebhookId): void {
    const lane = this.lanes.get(webhook);
    this.lanes.delete(webhook);
    if (!(lane instanceof Lane)) return;
    this.parts.allowances.forget(webhook);
    this.owing.delete(lane);
    this.inLine.delete(lane);
  }

  private forget(): void {
    const before = Date.now() - FORGET_AFTER_MS;
    for (const [id, lane] of this.lanes) if (lane instanceof Lane && lane.isIdleSince(before)) this.drop(id);
  }
}
