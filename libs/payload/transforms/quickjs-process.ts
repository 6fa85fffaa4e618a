import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';

// A process of its own (sandbox.ts), in the specs from this very source: so it imports nothing of ours. What
// runs inside QuickJS before a tenant's code (sandbox-driver.ts) it is sent.

const MIB = 1_048_576;
const MEMORY_BYTES = 16 * MIB;
/** With what is left for saying what went wrong when memory is used up. */
const MEMORY_AFTERWARDS_BYTES = 20 * MIB;
const AFTERWARDS_MS = 50;
/** Of QuickJS's own stack. Native code that recurses without asking for it meets V8's limit instead. */
const STACK_BYTES = 256 * 1_024;
const OUTPUT_BYTES = MIB;
const JOBS_AT_ONCE = 100;
/** A memory never shrinks: one that a run made larger than it begins with is given up. */
const KEPT_MEMORY_BYTES = 16 * MIB;

const timeoutMs = Number(process.argv[2]);
let driver = '';

/** The language library without browsers does not know it. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { compile: (bytes: Uint8Array) => Promise<object> };
};
const compiled = await WebAssembly.compile(
  readFileSync(createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')),
);
const quickjs = newVariant(variant as unknown as QuickJSSyncVariant, {
  wasmModule: () => Promise.resolve(compiled),
});
/** What the next run runs in; another is made when it was given up. */
let ready: Guest | undefined;

/** What to tell the tenant. */
class Refusal extends Error {}

interface Run {
  check: boolean;
  code: string;
  /** JSON texts. */
  head: string;
  data: string;
  metadata: string;
}

const WARM_UPS = 5;
const WARM_UP: Run = {
  ...{ check: false, code: 'function transform(event) { return event; }' },
  ...{ head: '{"id":""}', data: '{"a":[1]}', metadata: 'null' },
};

/** Texts that the driver made; empty ones are absent. */
type Answer = [control: string, body: string, data: string, metadata: string];

interface Console {
  lines: unknown;
  more: boolean;
}

/** What the parent reads (wanted-request.ts). */
interface Told {
  control: Record<string, unknown>;
  parts: string[];
}

/**
 * A WebAssembly memory with a runtime, a context and the driver in it. After
 * each run the memory is set back to its first state, byte for byte: that
 * is a new runtime and context for a tenth of what making them costs. What
 * a run left beyond is wiped before another webhook's.
 */
class Guest {
  private readonly runtime: QuickJSRuntime;
  private readonly context: QuickJSContext;
  private readonly module: QuickJSWASMModule;
  private readonly methods: Record<string, QuickJSHandle>;
  private readonly first: Uint8Array;
  private owner = '';
  private deadline = Infinity;
  private timedOut = false;

  private constructor(module: QuickJSWASMModule) {
    this.module = module;
    this.runtime = module.newRuntime();
    this.runtime.setMemoryLimit(MEMORY_BYTES);
    this.runtime.setMaxStackSize(STACK_BYTES);
    this.runtime.setInterruptHandler(() => {
      if (performance.now() < this.deadline) return false;
      this.timedOut = true;
      return true;
    });
    this.context = this.runtime.newContext();
    const made = this.take(this.script(driver, 'tidings'));
    const names = ['seed', 'call', 'answer', 'describe', 'written'];
    this.methods = Object.fromEntries(names.map((name) => [name, this.context.getProp(made, name)]));
    const words = new Uint32Array(this.memory().buffer);
    let end = words.length;
    while (end > 0 && words[end - 1] === 0) end--;
    this.first = this.memory().slice(0, end * 4);
  }

  static async create(): Promise<Guest> {
    return new Guest(await newQuickJSWASMModuleFromVariant(quickjs));
  }

  /** Makes everything as it was before the first run. */
  begin(owner: string): void {
    const memory = this.memory();
    memory.set(this.first);
    if (owner !== this.owner) memory.fill(0, this.first.length);
    this.owner = owner;
    this.timedOut = false;
    this.deadline = performance.now() + timeoutMs;
  }

  /** Whether another run may use it. */
  get sound(): boolean {
    return this.memory().length <= KEPT_MEMORY_BYTES;
  }

  private memory(): Uint8Array {
    return new Uint8Array((this.module.getWasmMemory() as { buffer: ArrayBuffer }).buffer);
  }

  /** @throws Refusal */
  transform({ check, code, head, data, metadata }: Run): Answer | undefined {
    this.call('seed', this.chance());
    this.take(this.script(code, 'transform.js'));
    const found = this.take(
      this.script("typeof transform === 'function' ? transform : undefined", 'tidings'),
    );
    if (this.context.typeof(found) !== 'function')
      throw new Refusal('it has no function named transform: write function transform(event) { ... }');
    if (check) return undefined;
    const given = [head, data, metadata].map((text) => this.context.newString(text));
    const list = this.call('answer', this.settled(this.call('call', found, ...given)));
    const string = (i: number) => this.context.getString(this.context.getProp(list, i));
    return [string(0), string(1), string(2), string(3)];
  }

  /** For Math.random, which would begin with the same number in each run. */
  private chance(): QuickJSHandle {
    return this.context.newString(JSON.stringify([...crypto.getRandomValues(new Uint32Array(4))]));
  }

  /** What console wrote so far. */
  written(): Console {
    this.afterwards();
    const text = this.context.callFunction(this.method('written'), this.context.undefined);
    if (text.error) return { lines: [], more: true };
    return JSON.parse(this.context.getString(text.value)) as Console;
  }

  private script(code: string, name: string) {
    return this.context.evalCode(code, name, { type: 'global' });
  }

  private call(method: string, ...args: QuickJSHandle[]): QuickJSHandle {
    return this.take(this.context.callFunction(this.method(method), this.context.undefined, ...args));
  }

  private method(name: string): QuickJSHandle {
    return this.methods[name] ?? this.context.undefined;
  }

  private take(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (result.error) throw this.refusal(result.error);
    return result.value;
  }

  /** The value of a promise that needs nothing but its own jobs; any other value as it is. */
  private settled(value: QuickJSHandle): QuickJSHandle {
    for (;;) {
      const state = this.context.getPromiseState(value);
      if (state.type === 'fulfilled') return state.value;
      if (state.type === 'rejected') throw this.refusal(state.error);
      if (!this.runtime.hasPendingJob())
        throw new Refusal('it returned a promise that nothing settles: there is nothing to wait for in here');
      const ran = this.runtime.executePendingJobs(JOBS_AT_ONCE);
      if (ran.error) throw this.refusal(ran.error);
      if (performance.now() >= this.deadline) throw new Refusal(this.tookTooLong());
    }
  }

  private refusal(error: QuickJSHandle): Refusal {
    if (this.timedOut) return new Refusal(this.tookTooLong());
    this.afterwards();
    const said = this.context.callFunction(this.method('describe'), this.context.undefined, error);
    if (said.error) return new Refusal('it failed with an error that cannot be shown');
    const [name, message = '', stack = '', doing] = JSON.parse(
      this.context.getString(said.value),
    ) as string[];
    const line = /\btransform\.js:(\d+)/.exec(stack)?.[1];
    const where = line === undefined ? '' : ` (line ${line})`;
    if (name === 'InternalError' && message === 'out of memory')
      return new Refusal(`it needed more than ${MEMORY_BYTES / MIB} MiB of memory${where}`);
    if (name === 'InternalError' && message === 'stack overflow')
      return new Refusal(`it called or nested too deeply${where}`);
    const what = name ? `${name}: ${message}` : message;
    return new Refusal(doing ? `${doing} is not JSON: ${what}${where}` : `${what}${where}`);
  }

  private tookTooLong(): string {
    return `it took longer than ${timeoutMs} ms`;
  }

  /** Leaves a little time and memory for saying what happened. */
  private afterwards(): void {
    this.runtime.setMemoryLimit(MEMORY_AFTERWARDS_BYTES);
    this.deadline = Math.max(this.deadline, performance.now() + AFTERWARDS_MS);
  }
}

async function answer(owner: string, run: Run): Promise<Told> {
  const guest = (ready ??= await Guest.create());
  // The processor's time: a run is not slow because others have the machine.
  const begun = process.cpuUsage();
  let console: Console = { lines: [], more: false };
  let told: Told;
  try {
    guest.begin(owner);
    try {
      const answered = guest.transform(run);
      told = answered ? checked(answered, run) : { control: { kind: 'sound' }, parts: [] };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      told = refused(error.message);
    }
    console = guest.written();
    if (!guest.sound) ready = undefined;
  } catch (error) {
    // Where native code did not end as it should, more than memory is in disorder.
    ready = undefined;
    // V8 ends native code of QuickJS that recurses without a check of its own: the parser, JSON.
    const deep = error instanceof RangeError;
    told = refused(deep ? 'it called or nested too deeply' : 'it broke the sandbox that it ran in');
  }
  const { user, system } = process.cpuUsage(begun);
  return { control: { ...told.control, console, ms: (user + system) / 1_000 }, parts: told.parts };
}

function refused(message: string): Told {
  return { control: { kind: 'refused' }, parts: [message] };
}

function checked([control, body, data, metadata]: Answer, run: Run): Told {
  const parsed = JSON.parse(control) as Record<string, unknown>;
  if (parsed['kind'] === 'refused') return refused(String(JSON.parse(body)));
  const texts = { body, data: changed(data, run.data), metadata: changed(metadata, run.metadata) };
  for (const [name, text] of Object.entries(texts)) {
    const bytes = Buffer.byteLength(text);
    if (bytes > OUTPUT_BYTES)
      return refused(`${name} must be at most ${OUTPUT_BYTES} bytes of JSON, but is ${bytes}`);
  }
  return { control: parsed, parts: Object.values(texts) };
}

/** Nothing when it says what was given, whose bytes (large numbers, spaces) then stay as they are. */
function changed(text: string, given: string): string {
  if (text === '' || text === given) return '';
  return text === JSON.stringify(JSON.parse(given)) ? '' : text;
}

function send({ control, parts }: Told): void {
  const all = [JSON.stringify(control), ...parts].map((text) => Buffer.from(text));
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const size = all.reduce((sum, part) => sum + 4 + part.length, 0);
  process.stdout.write(Buffer.concat([uint32(size), ...all.flatMap((part) => [uint32(part.length), part])]));
}

async function handle(parts: string[]): Promise<void> {
  const [kind, owner = '', code = '', head = '', data = '', metadata = ''] = parts;
  if (kind !== 'driver')
    return send(await answer(owner, { check: kind === 'check', code, head, data, metadata }));
  driver = owner;
  // The first run is slow by tens of milliseconds, for which no webhook shall be taken for slow.
  for (let i = 0; i < WARM_UPS; i++) await answer('', WARM_UP);
  send({ control: { kind: 'ready' }, parts: [] });
}

let pieces: Buffer[] = [];
let received = 0;
process.stdin.on('data', (piece: Buffer) => {
  pieces.push(piece);
  received += piece.length;
  if (received < 4) return;
  if ((pieces[0]?.length ?? 0) < 4) pieces = [Buffer.concat(pieces)];
  if (received < 4 + (pieces[0]?.readUInt32LE(0) ?? 0)) return;
  const frame = Buffer.concat(pieces);
  // One question at a time: what comes after it is never the beginning of another.
  pieces = [];
  received = 0;
  const parts: string[] = [];
  for (let at = 4; at < frame.length;) {
    const end = at + 4 + frame.readUInt32LE(at);
    parts.push(frame.toString('utf8', at + 4, end));
    at = end;
  }
  void handle(parts);
});
process.stdin.on('end', () => process.exit(0));
