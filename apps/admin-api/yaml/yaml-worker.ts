import { parentPort, workerData } from 'node:worker_threads';
import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml';

// Runs in a thread of its own (read-yaml.ts), in the specs from this very source: so it imports nothing of ours.

/** What a text says as JSON, or why it is not read and where. */
export type YamlReading = { json: string } | { fault: string; line?: number; column?: number };

/** A document may use one answer in hundreds of places; a bomb needs more (read-yaml.unit.spec.ts). */
const MAX_ALIASES = 1_000;
/** Written out, aliases may make a small text large. */
const MAX_JSON_CHARS = 4 * 1_048_576;

const TOO_DEEP = 'it is nested too deeply';
/** Where the parser's own words are for programmers. */
const IN_OUR_WORDS: Record<string, string> = {
  RESOURCE_EXHAUSTION: TOO_DEEP,
  MULTIPLE_DOCS: 'it is several documents',
};

class Fault extends Error {
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * YAML 1.2 with nothing in it that JSON cannot say, so that a document means
 * what it would mean in JSON. Whatever else there is, is refused, and not
 * read as something near it: a schema without what its merge key
 * would bring in checks less than its author wrote.
 */
function jsonOf(document: Document): string {
  const [error] = document.errors;
  if (error) throw new Fault(IN_OUR_WORDS[error.code] ?? error.message, error.pos[0]);
  const [warning] = document.warnings;
  if (warning) throw new Fault(warning.message, warning.pos[0]);
  let aliases = 0;
  visit(document, (_key, node) => {
    // Each is looked up in the list of all anchors, so that a thousand of each take milliseconds, and 50,000 a minute.
    if (isAlias(node) && ++aliases > MAX_ALIASES)
      throw new Fault(`there are more than ${MAX_ALIASES} aliases`, node.range?.[0]);
    if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value))
      throw new Fault(`${node.source ?? node.value} is no number that JSON has`, node.range?.[0]);
    if (isMap(node)) checkKeys(node.items.map(({ key }) => key as Node));
  });
  const json = JSON.stringify(document.toJS({ maxAliasCount: MAX_ALIASES })) as string | undefined;
  if (json !== undefined && json.length > MAX_JSON_CHARS)
    throw new Fault('with its aliases written out it is longer than 4 MiB');
  return json ?? 'null';
}

/** The parser compares each key with each other one, which for 100,000 of them takes a minute. */
function checkKeys(keys: Node[]): void {
  const seen = new Set<unknown>();
  for (const key of keys) {
    if (!isScalar(key)) continue;
    if (key.value === '<<' && key.type === 'PLAIN')
      throw new Fault('merge keys (<<) are not read', key.range?.[0]);
    if (seen.has(key.value)) throw new Fault(`${String(key.value)} is there twice`, key.range?.[0]);
    seen.add(key.value);
  }
}

export function readingOf(text: string): YamlReading {
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      // Given so, they hold whatever a %YAML directive says.
      ...{ schema: 'core', merge: false, resolveKnownTags: false },
      ...{ stringKeys: true, uniqueKeys: false, prettyErrors: false },
      lineCounter: lines,
    });
    return { json: jsonOf(document) };
  } catch (error) {
    const { message, offset } = error as Fault;
    if (error instanceof RangeError) return { fault: TOO_DEEP };
    if (error instanceof TypeError) return { fault: 'an anchor holds an alias of itself' };
    if (offset === undefined) return { fault: message };
    const { line, col } = lines.linePos(offset);
    return { fault: message, line, column: col };
  }
}

parentPort?.postMessage(readingOf(String(workerData)));
