import type { Fault } from '#domain';

/** An issue as Standard Schema has it, with what zod adds. */
interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  code?: string;
  keys?: string[];
}

/** A megabyte of mistakes is not answered with megabytes. */
const FAULTS_TOLD = 100;

/** What a schema found wrong, each with its path, the fields that it does not know one by one. */
export function schemaFaults(issues: readonly Issue[]): Fault[] {
  const faults = issues.slice(0, FAULTS_TOLD).flatMap((issue) => {
    const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
    if (issue.code === 'unrecognized_keys' && issue.keys)
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
    return [{ path: path.join('.'), message: issue.message }];
  });
  return faults.slice(0, FAULTS_TOLD);
}
