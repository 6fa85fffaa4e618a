import { Worker } from 'node:worker_threads';
import { Problem } from '../problems/problem.js';
import type { YamlReading } from './yaml-worker.js';

/** A document of 1 MiB takes about a second; there are texts that would take minutes. */
const WITHIN_MS = 10_000;
const MAX_MIB = 512;
// In the specs the source itself is run: node takes the types away.
const WORKER = new URL(`./yaml-worker${import.meta.url.slice(-3)}`, import.meta.url);

let latest: Promise<unknown> = Promise.resolve();

/**
 * Reads YAML in a thread that has bounds in time and memory, and one text at a
 * time: the parser takes a hundred times as long as JSON's, and nobody else's request shall wait for it.
 * @returns what JSON of the same meaning would be parsed to
 * @throws Problem malformed_yaml
 */
export async function readYaml(text: string, withinMs = WITHIN_MS): Promise<unknown> {
  const mine = latest.then(() => readingOf(text, withinMs));
  latest = mine.catch(() => undefined);
  const reading = await mine;
  if ('json' in reading) return JSON.parse(reading.json) as unknown;
  throw malformedYaml(reading);
}

export function malformedYaml({ fault, ...place }: Exclude<YamlReading, { json: string }>): Problem {
  const where = place.line === undefined ? '' : ` (line ${place.line}, column ${place.column})`;
  return new Problem('malformed_yaml', {
    detail: `The body is not YAML that is read: ${fault}${where}.`,
    evidence: place,
  });
}

async function readingOf(text: string, withinMs: number): Promise<YamlReading> {
  const worker = new Worker(WORKER, {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: MAX_MIB },
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<YamlReading>((resolve, reject) => {
      timer = setTimeout(() => resolve({ fault: `it takes longer than ${withinMs} ms to read` }), withinMs);
      worker.once('message', resolve);
      worker.once('error', (error: Error & { code?: string }) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ fault: 'it takes too much memory to read' });
        else reject(error);
      });
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
