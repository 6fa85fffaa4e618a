import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isEventType, sourceFaults, type EventSource } from '#domain';
import { ConfigError } from './load.js';

const OWN_STREAMS = ['EVENTS', 'DELIVERIES', 'JOURNAL'];
const token = z.int().min(1).max(32);
const fixedOrHeader = [
  z.strictObject({ header: z.string().min(1).max(100) }),
  z.strictObject({ token }),
] as const;

/** One stream of the user's own (docs/sources.md). */
const source = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'must be 1 to 32 letters, digits, _ or -'),
    stream: z
      .string()
      .regex(/^[^\s.*>/\\]{1,255}$/, 'must be the name of a stream')
      .refine((name) => !OWN_STREAMS.includes(name), 'is a stream of Tidings'),
    filter_subjects: z
      .array(
        z.string().regex(/^[^\s.>]+(\.[^\s.>]+)*(\.>)?$|^>$/, 'must be a subject such as shop.*.orders.>'),
      )
      .min(1)
      .max(20)
      .default(['>']),
    start: z.enum(['new', 'all']).default('new'),
    tenant: z.union([
      z.strictObject({ fixed: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the id of a tenant') }),
      ...fixedOrHeader,
    ]),
    type: z.union([
      z.strictObject({ fixed: z.string().refine(isEventType, 'must be an event type') }),
      z.strictObject({ tokens_from: token }),
      ...fixedOrHeader,
    ]),
  })
  .superRefine((value, context) => {
    for (const { path, message } of sourceFaults(value))
      context.addIssue({ code: 'custom', path: [path], message });
  });

const sourcesFile = z
  .strictObject({ sources: z.array(source).max(50) })
  .superRefine(({ sources }, context) => {
    const names = sources.map(({ name }) => name);
    names.forEach((name, i) => {
      if (names.indexOf(name) !== i)
        context.addIssue({ code: 'custom', path: ['sources', i, 'name'], message: `is used twice: ${name}` });
    });
  });

/**
 * Reads the file that TIDINGS_SOURCES names; no sources without it.
 * @throws ConfigError that names the file, and each place at fault
 */
export function loadSources(path: string | undefined): EventSource[] {
  if (path === undefined) return [];
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`TIDINGS_SOURCES: ${path} cannot be read: ${(error as Error).message}.`);
  }
  const result = sourcesFile.safeParse(read);
  if (result.success) return result.data.sources;
  const faults = result.error.issues.map(({ path: place, message }) => `${place.join('.')}: ${message}`);
  throw new ConfigError(`TIDINGS_SOURCES: ${path} is not valid. ${faults.join('; ')}.`);
}
