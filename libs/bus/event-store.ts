import type { EventMessage } from '#domain';
import type { Wires } from './connection.js';
import { EVENTS, parseEventSubject } from './subjects.js';

const CACHE_BYTES = 64 * 1024 * 1024;

/** Reads events back from EVENTS by their sequence, each once for all who ask at the same time. */
export class EventStore {
  private readonly cache = new Map<number, Promise<EventMessage | undefined>>();
  private cachedBytes = 0;

  constructor(private readonly wires: Wires) {}

  /**
   * @returns the message as it was stored; undefined when the stream no longer has it
   * @throws when NATS cannot be asked now
   */
  read(sequence: number): Promise<EventMessage | undefined> {
    const known = this.cache.get(sequence);
    if (known) return known;
    const reading = this.fetch(sequence);
    this.cache.set(sequence, reading);
    reading.then(
      (message) => this.makeRoom(message?.payload.length ?? 0),
      () => this.cache.delete(sequence),
    );
    return reading;
  }

  private async fetch(sequence: number): Promise<EventMessage | undefined> {
    const stored = await this.wires.manager.streams.getMessage(EVENTS, { seq: sequence });
    const place = stored && parseEventSubject(stored.subject);
    if (!place) return undefined;
    const { header, data, timestamp } = stored;
    return {
      ...place,
      header: (name) => firstValue(header, name),
      headerNames: () => header.keys(),
      payload: data,
      sequence,
      storedAt: Date.parse(timestamp),
    };
  }

  /** Starts anew when full: large payloads come in bursts of one event, not in working sets worth an eviction order. */
  private makeRoom(bytes: number): void {
    this.cachedBytes += bytes;
    if (this.cachedBytes <= CACHE_BYTES) return;
    this.cache.clear();
    this.cachedBytes = 0;
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
