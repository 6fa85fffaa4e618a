import type { Bus } from '#bus';
import type { OperationalEvent, OperationalType } from '#domain';

/** Publishes operational events; those that JetStream knew already are not counted. */
export class OperationalPublisher {
  constructor(
    private readonly bus: Pick<Bus, 'publishOperational'>,
    private readonly published: (type: OperationalType) => void,
  ) {}

  /** @throws PublishError when JetStream did not take it; publishing it again is safe */
  async publish(event: OperationalEvent): Promise<void> {
    const { duplicate } = await this.bus.publishOperational(event);
    if (!duplicate) this.published(event.type);
  }
}
