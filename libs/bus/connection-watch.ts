import type { NatsConnection } from '@nats-io/transport-node';

/**
 * Whether the connection to NATS stands, and how often it had to be made again.
 *
 *   standing <--> lost
 */
export class ConnectionWatch {
  private standing = true;
  private again = 0;
  private readonly listeners: ((news: 'lost' | 'back') => void)[] = [];

  constructor(private readonly connection: NatsConnection) {
    void this.follow();
  }

  get isStanding(): boolean {
    return this.standing;
  }

  /** The version of the server that we are connected to, or were last. */
  get serverVersion(): string | undefined {
    return this.connection.info?.version;
  }

  /** How often it came back since the process began. */
  get reconnects(): number {
    return this.again;
  }

  /** @param told when the connection is lost, once, and when it is there again */
  listen(told: (news: 'lost' | 'back') => void): void {
    this.listeners.push(told);
  }

  /** The connection is about to be closed by us: that is no news. */
  end(): void {
    this.listeners.length = 0;
  }

  private async follow(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'reconnect') this.again++;
      if (type === 'disconnect') this.turn(false);
      if (type === 'reconnect') this.turn(true);
    }
    this.standing = false;
  }

  private turn(standing: boolean): void {
    if (standing === this.standing) return;
    this.standing = standing;
    for (const told of this.listeners) told(standing ? 'back' : 'lost');
  }
}
