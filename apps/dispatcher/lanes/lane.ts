import { awaitsProof, type RoutedWebhook, type WebhookId } from '#domain';
import type { Front, FrontPlace, Line } from '../front/front.js';
import type { Pace, Used } from './pace.js';
import { Rate } from './rate.js';
import type { Turn, Wait } from './turn.js';

/** How long a ready delivery waits here for a place before it moves into the lane, and how many wait at most. */
const PATIENCE_MS = 1_000;
const PATIENT = 64;
/** What comes free within so long is waited for by the delivery that is in hand. */
const SOON_MS = 1_000;
/** A webhook that a receiver refused is let alone for so long, while the ledger is told to disable it. */
const REFUSED_MS = 60_000;

interface Waiting {
  go: (turn: Wait | Promise<Turn>) => void;
  line: Line;
  /** Undefined: waits however long it takes. */
  givesUp: NodeJS.Timeout | undefined;
}

/**
 * What is at home here of one webhook: who may be attempted now, and what waits.
 *
 *   a ready delivery --> its turn
 *          `----------> the lane --> its turn, in one line with those that are ready
 *
 * Everything of one webhook comes through here, so its limits are exact.
 */
export class Lane {
  /** Deliveries in the lane, as far as is known here; looking says exactly. */
  waiting = 0;
  /** Deliveries that are about to be there. */
  entering = 0;
  /** The lane is not worth opening sooner than that, milliseconds since 1970. */
  notBefore = 0;
  private readonly inLine: Waiting[] = [];
  private underWay = 0;
  private slow = 0;
  private readonly endings = new Rate();
  private refusedUntil = 0;
  private usedAt = Date.now();

  /** @param news told when something ended or changed, so that a lane may go on */
  constructor(
    public webhook: RoutedWebhook,
    readonly pace: Pace,
    private readonly front: Front,
    private readonly news: (lane: Lane) => void,
  ) {}

  get id(): WebhookId {
    return this.webhook.id;
  }

  /** Takes the webhook as it is now. */
  update(webhook: RoutedWebhook): void {
    if (webhook.version > this.webhook.version) this.refusedUntil = 0;
    this.webhook = webhook;
    this.pace.update(webhook, Date.now());
    this.letIn();
    this.news(this);
  }

  /** For a delivery that is ready: its turn, at once or after a moment, or why it is to wait in the lane. */
  enter(): Wait | Promise<Wait | Turn> {
    this.usedAt = Date.now();
    const wait = this.waitNow();
    if (wait && wait !== 'webhook_busy') return wait;
    const behind = this.waiting + this.entering > 0;
    // What a limit leaves is the lane's first.
    if (behind && this.pace.isLimited) return 'rate_limited';
    if (wait === undefined && this.inLine.length === 0) return this.begin('ready');
    if (!this.isWorthWaiting(behind)) return 'webhook_busy';
    return new Promise((resolve) => {
      const waiting: Waiting = {
        go: resolve,
        line: 'ready',
        givesUp: setTimeout(() => {
          this.inLine.splice(this.inLine.indexOf(waiting), 1);
          resolve(this.waitNow() ?? 'webhook_busy');
        }, PATIENCE_MS),
      };
      this.inLine.push(waiting);
    });
  }

  /** For a delivery from the lane: its turn as soon as there is one, or why none comes soon. */
  async turn(): Promise<Wait | Turn> {
    for (;;) {
      const wait = this.waitNow();
      if (wait === undefined && this.inLine.length === 0) return this.begin(this.lineOfLane);
      if (wait === undefined || wait === 'webhook_busy') {
        const turn = await new Promise<Wait | Turn>((resolve) => {
          this.inLine.push({ go: resolve, line: this.lineOfLane, givesUp: undefined });
        });
        if (typeof turn !== 'string') return turn;
        continue;
      }
      const inMs = this.openAt(Date.now()) - Date.now();
      if (inMs > SOON_MS) return wait;
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, inMs)));
    }
  }

  /** Why nothing of it may be attempted now; undefined when something may. */
  get heldBy(): Wait | undefined {
    return this.waitNow();
  }

  /** How many deliveries from the lane are worth having in hand. */
  room(): number {
    const now = Date.now();
    if (this.openAt(now) - now > SOON_MS) return 0;
    const room = Math.max(1, this.pace.room(now));
    return this.lineOfLane === 'lane' ? Math.min(room, this.front.worthInHand) : room;
  }

  /** When the lane may go on, milliseconds since 1970; Infinity when only news can tell. */
  openAt(now: number): number {
    if (this.webhook.status === 'inactive' || awaitsProof(this.webhook)) return Infinity;
    const crowded = this.slow > 0 && !this.front.admitsSlow ? now + SOON_MS * 2 : now;
    return Math.max(crowded, this.refusedUntil, this.pace.freeAt(now));
  }

  /** Whether nothing would be lost if it were forgotten. */
  isIdleSince(before: number): boolean {
    return (
      this.usedAt < before &&
      this.underWay === 0 &&
      this.waiting + this.entering === 0 &&
      this.inLine.length === 0 &&
      this.pace.isAtRest(Date.now())
    );
  }

  /**
   * A limit keeps a lane from taking much already, and so does order, one at a time; what they leave shall not
   * be lost behind long lanes.
   */
  private get lineOfLane(): Line {
    return this.pace.isLimited || this.webhook.ordered ? 'ready' : 'lane';
  }

  /**
   * A move into the lane costs as much as an attempt, so a burst waits here; but a slow webhook's deliveries
   * would keep others of its partition waiting, so only while the line moves. Whoever is from the lane is in
   * the same line: neither can keep the other waiting.
   */
  private isWorthWaiting(behind: boolean): boolean {
    if (this.inLine.length >= PATIENT || !this.front.admitsSlow) return false;
    const expectedMs = (this.inLine.length * 1_000) / this.endings.perSecond(Date.now());
    return !behind || expectedMs < PATIENCE_MS;
  }

  private waitNow(): Wait | undefined {
    const now = Date.now();
    if (this.webhook.status === 'inactive') return 'webhook_paused';
    if (awaitsProof(this.webhook)) return 'ownership_pending';
    if (this.refusedUntil > now) return 'webhook_refused';
    if (this.slow > 0 && !this.front.admitsSlow) return 'webhook_busy';
    return this.pace.waitNow(now);
  }

  /** @throws when what is used of a rate limit could not be stored; nothing is used then */
  private async begin(line: Line): Promise<Turn> {
    this.underWay++;
    try {
      const taken = this.pace.take(Date.now());
      const used = taken instanceof Promise ? await taken : taken;
      const entered = this.front.enter(line);
      const place = entered instanceof Promise ? await entered : entered;
      return this.turnAt(place, used);
    } catch (error) {
      this.underWay--;
      throw error;
    }
  }

  private turnAt(place: FrontPlace, used: Used): Turn {
    let tell: (() => void) | undefined;
    const becameSlow = () => {
      this.slow++;
      tell?.();
    };
    place.onBehind = becameSlow;
    return {
      onSlow: (listener) => (tell = listener),
      end: (result, refused = false) => {
        if (refused) this.refusedUntil = Date.now() + REFUSED_MS;
        if (place.behind) this.slow--;
        this.front.leave(place);
        this.underWay--;
        this.endings.add(Date.now());
        this.pace.ended(used, result, Date.now());
        this.letIn();
        this.news(this);
      },
    };
  }

  private letIn(): void {
    while (this.inLine.length > 0) {
      const wait = this.waitNow();
      if (wait === 'webhook_busy') return;
      const next = this.inLine.shift();
      clearTimeout(next?.givesUp);
      next?.go(wait ?? this.begin(next.line));
    }
  }
}
