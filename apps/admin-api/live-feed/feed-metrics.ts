import { readGauge, type Registry } from '#observability';
import type { LiveFeed } from './live-feed.js';

/** What the live feed tells about itself. */
export function feedMetrics(registry: Registry, feed: Pick<LiveFeed, 'listeners'>): void {
  readGauge(
    registry,
    { name: 'tidings_live_feed_listeners', help: 'Who listens to the live feed now, over all tenants.' },
    () => feed.listeners,
  );
}
