import { jsonItems, jsonMembers } from '#domain';
import type { PayloadEvent } from '../payload-event.js';
import { cloudEventAttributes } from './cloudevent-attributes.js';
import { Value } from './value.js';

/** What a path of a template may begin with. */
export const ROOTS = [
  'id',
  'type',
  'timestamp',
  'data',
  'metadata',
  'tenant',
  'webhook_id',
  'delivery_id',
  'attempt',
  'cloudevent_attributes',
] as const;
export type Root = (typeof ROOTS)[number];

export interface Path {
  root: Root;
  /** Keys of objects and places of arrays, from the root on. */
  steps: readonly string[];
}

/** What the templates of one request can say: the event, read no further than they ask. */
export class Scope {
  private readonly known = new Map<string, Value>();

  constructor(readonly event: PayloadEvent) {}

  valueAt({ root, steps }: Path): Value {
    let value = this.rootValue(root);
    let place: string = root;
    for (const step of steps) {
      place += `\n${step}`;
      value = this.keep(place, () => memberOf(value, step));
    }
    return value;
  }

  /** The metadata, parsed; an empty object when there are none. */
  get metadata(): Readonly<Record<string, unknown>> {
    const { metadata } = this.event;
    return metadata === null ? {} : (this.rootValue('metadata').parsed as Record<string, unknown>);
  }

  private rootValue(root: Root): Value {
    const { event } = this;
    if (root === 'data') return this.keep(root, () => Value.ofText(textOfBytes(event.data)));
    if (root === 'metadata') return this.keep(root, () => Value.ofText(event.metadata ?? undefined));
    if (root !== 'cloudevent_attributes') return Value.of(event[root]);
    // Members without their braces; the reader lets it stand nowhere but among members.
    return Value.ofText(JSON.stringify(cloudEventAttributes(event, this.metadata)).slice(1, -1));
  }

  private keep(place: string, make: () => Value): Value {
    let value = this.known.get(place);
    if (value === undefined) this.known.set(place, (value = make()));
    return value;
  }
}

function memberOf(value: Value, step: string): Value {
  const text = value.json.trimStart();
  if (text.startsWith('{')) return Value.ofText(jsonMembers(text).get(step));
  if (text.startsWith('[') && /^\d{1,9}$/.test(step)) return Value.ofText(jsonItems(text)[Number(step)]);
  return Value.ABSENT;
}

function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString().trim();
}
