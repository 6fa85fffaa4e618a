import type { EventMessage, TenantId } from '#domain';
import type { Wires } from './connection.js';
import { EVENTS } from './subjects.js';

/** Where an event lies, and what is known of it already. */
export interface EventPlace {
  sequence: number;
  /** The stream, where it is not EVENTS. */
  stream?: string | undefined;
  tenant: TenantId;
  type: string;
}

const CACHE_BYTES = 64 * 1024 * 1024;

/** Reads events back from where they lie, each once for all who ask at the same time. */
export class EventStore {
  private readonly cache = new Map<string, Promise<EventMessage | undefined>>();
  private cachedBytes = 0;

  constructor(private readonly wires: Wires) {
    void this.forgetAfterReconnects();
  }

  /**
   * @returns the message as it was stored; undefined when the stream no longer has it
   * @throws when NATS cannot be asked now
   */
  read(place: EventPlace): Promise<EventMessage | undefined> {
    const key = `${place.stream ?? EVENTS}/${place.sequence}`;
    const known = this.cache.get(key);
    if (known) return known;
    const reading = this.fetch(place);
    this.cache.set(key, reading);
    reading.then(
      (message) => this.makeRoom(message?.payload.length ?? 0),
      () => this.cache.delete(key),
    );
    return reading;
  }

  private async fetch({ stream, sequence, tenant, type }: EventPlace): Promise<EventMessage | undefined> {
    const stored = await this.wires.manager.streams.getMessage(stream ?? EVENTS, { seq: sequence });
    if (!stored) return undefined;
    const { header, data, timestamp } = stored;
    return {
      tenant,
      type,
      header: (name) => firstValue(header, name),
      headerNames: () => header.keys(),
      payload: data,
      stream,
      sequence,
      storedAt: Date.parse(timestamp),
    };
  }

  /** A server that lost its store counts from 1 again: another event may lie where one was read. */
  private async forgetAfterReconnects(): Promise<void> {
    for await (const { type } of this.wires.connection.status()) if (type === 'reconnect') this.forget();
  }

  private forget(): void {
    this.cache.clear();
    this.cachedBytes = 0;
  }

  /** Starts anew when full: large payloads come in bursts of one event, not in working sets worth an eviction order. */
  private makeRoom(bytes: number): void {
    this.cachedBytes += bytes;
    if (this.cachedBytes > CACHE_BYTES) this.forget();
  }
}

/** A header's value whatever the case of its name; undefined when it is not there. */
export function firstValue(
  headers: { keys(): string[]; get(name: string): string } | undefined,
  name: string,
): string | undefined {
  const wanted = name.toLowerCase();
  const found = headers?.keys().find((key) => key.toLowerCase() === wanted);
  return found === undefined ? undefined : headers?.get(found);
}
