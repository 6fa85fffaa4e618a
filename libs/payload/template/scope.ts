import type { PayloadEvent } from '../payload-event.js';
import { cloudEventAttributes } from './cloudevent-attributes.js';
import { MOST_WORK, RenderError } from './render-error.js';
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
  private work = 0;

  constructor(readonly event: PayloadEvent) {}

  valueAt({ root, steps }: Path): Value {
    let value = this.rootValue(root);
    let place: string = root;
    for (const step of steps) {
      place += `\n${step}`;
      const whole = value;
      value = this.keep(place, () => this.memberOf(whole, step));
    }
    return value;
  }

  /** The metadata, parsed; an empty object when there are none. */
  get metadata(): Readonly<Record<string, unknown>> {
    const { metadata } = this.event;
    return metadata === null ? {} : (this.rootValue('metadata').parsed as Record<string, unknown>);
  }

  /**
   * Counts characters that a path is looked for in, or that a filter goes through.
   * @throws RenderError beyond MOST_WORK
   */
  spend(characters: number): void {
    this.work += characters;
    if (this.work > MOST_WORK) throw RenderError.tooMuchWork();
  }

  private memberOf(value: Value, step: string): Value {
    if (!value.isScanned) this.spend(value.json.length);
    return Value.ofText(value.members?.get(step));
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

function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString().trim();
}
