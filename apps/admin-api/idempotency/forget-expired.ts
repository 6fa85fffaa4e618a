import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, forgetExpired } from '#persistence';

const EVERY_MS = 10 * 60_000;

/** Removes kept answers that have expired; any replica may, and none minds the others. */
@Injectable()
export class ForgetExpired implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly database: DataSource) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.forget(), EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async forget(): Promise<void> {
    // PostgreSQL may be away; what is left is removed the next time.
    await forgetExpired(this.database).catch(() => undefined);
  }
}
