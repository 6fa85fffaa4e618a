import type { Fault } from '#domain';

/** An issue as Standard Schema has it, with what zod adds. */
interface Issue {
  message: string;
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  code?: string;
  keys?: string[];
  /** Of a union: what each of its options found wrong. */
  errors?: Issue[][];
}

/** A megabyte of mistakes is not answered with megabytes. */
const FAULTS_TOLD = 100;

/** What a schema found wrong, each with its path, the fields that it does not know one by one. */
export function schemaFaults(issues: readonly Issue[]): Fault[] {
  const faults = issues.slice(0, FAULTS_TOLD).flatMap((issue): Fault[] => {
    const path = pathOf(issue);
    const meant = issue.code === 'invalid_union' ? (issue.errors ?? []).filter(isMeant) : [];
    if (meant.length === 1)
      return schemaFaults(meant[0] ?? []).map((fault) => ({
        ...fault,
        path: [...path, fault.path].join('.'),
      }));
    if (issue.code === 'unrecognized_keys' && issue.keys)
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
    return [{ path: path.join('.'), message: issue.message }];
  });
  return faults.slice(0, FAULTS_TOLD);
}

function pathOf({ path }: Issue): string[] {
  return (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
}

/** Whether the kind of value was right, so that this option of a union is what was meant. */
function isMeant(issues: Issue[]): boolean {
  return issues.every((issue) => issue.code === 'unrecognized_keys' || pathOf(issue).length > 0);
}
