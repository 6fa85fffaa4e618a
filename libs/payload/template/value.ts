import { jsonItems, jsonMembers } from '#domain';

/** What a placeholder stands for: JSON text, parsed only where somebody asks for more than the text. */
export class Value {
  static readonly ABSENT = new Value(undefined);
  private known: { parsed: unknown } | undefined;
  private scanned: { members: ReadonlyMap<string, string> | null } | undefined;

  private constructor(private readonly raw: string | undefined) {}

  /** @param text JSON that JSON.parse takes; absent when undefined */
  static ofText(text: string | undefined): Value {
    return text === undefined ? Value.ABSENT : new Value(text);
  }

  static of(parsed: unknown): Value {
    const text = JSON.stringify(parsed) as string | undefined;
    const value = Value.ofText(text);
    if (text !== undefined) value.known = { parsed };
    return value;
  }

  /** Whether it is there, and is not null. */
  get isSomething(): boolean {
    return this.raw !== undefined && this.raw !== 'null';
  }

  /** As a JSON value: its text as it was given. */
  get json(): string {
    return this.raw ?? 'null';
  }

  /** Numbers beyond 2^53 lose digits here, nowhere else. */
  get parsed(): unknown {
    this.known ??= { parsed: JSON.parse(this.json) as unknown };
    return this.known.parsed;
  }

  /**
   * The members of an object by key, the items of an array by place, each as it was written; null for other
   * values. Looked for once: a template may ask for hundreds of members of one large object.
   */
  get members(): ReadonlyMap<string, string> | null {
    this.scanned ??= { members: membersIn(this.json.trimStart()) };
    return this.scanned.members;
  }

  get isScanned(): boolean {
    return this.scanned !== undefined;
  }

  /** As it is read by people: strings as they are, nothing for null, other values as their JSON. */
  get text(): string {
    if (!this.isSomething) return '';
    return this.json.startsWith('"') ? (this.parsed as string) : this.json;
  }
}

function membersIn(text: string): ReadonlyMap<string, string> | null {
  if (text.startsWith('{')) return jsonMembers(text);
  if (text.startsWith('[')) return new Map(jsonItems(text).map((item, place) => [String(place), item]));
  return null;
}
