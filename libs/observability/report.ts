import type { Logger } from 'pino';

/** Told of what went wrong and is gone on from. */
export type Report = (problem: string, error: unknown) => void;

/** The same problem is one line in so long; what it was in between is counted. */
const ONCE_IN_MS = 10_000;
const REMEMBERED = 1_000;
/** Ids that stand in the sentence; they are fields of the line too. */
const IDS = /\b(wh|dlv|evt|att|job)_[0-9A-Za-z]{10,}/g;
const FIELDS: Record<string, string> = {
  wh: 'webhook',
  dlv: 'delivery',
  evt: 'event',
  att: 'attempt',
  job: 'job',
};

/**
 * Logs problems as warnings. While a server is away many ask it many times a second: the same sentence is written at
 * once and then every ten seconds, with how often it came meanwhile (`repeated`).
 * @param level of the lines
 */
export function reportTo(
  logger: Logger,
  level: 'warn' | 'error' = 'warn',
): (problem: string, error: unknown, more?: Record<string, unknown>) => void {
  const told = new Map<string, { at: number; repeated: number }>();
  return (problem, error, more = {}) => {
    const now = Date.now();
    const last = told.get(problem);
    if (last && now - last.at < ONCE_IN_MS) {
      last.repeated++;
      return;
    }
    if (told.size >= REMEMBERED) told.clear();
    told.set(problem, { at: now, repeated: 0 });
    const repeated = last?.repeated ? { repeated: last.repeated } : {};
    logger[level]({ ...idsIn(problem), ...more, ...repeated, err: error }, problem);
  };
}

function idsIn(sentence: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [id, prefix = ''] of sentence.matchAll(IDS)) found[FIELDS[prefix] ?? prefix] = id;
  return found;
}
