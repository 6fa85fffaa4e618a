import { Problem } from '../problems/problem.js';

/** The ETag of a resource at a version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/**
 * The version that the header If-Match asks for; undefined when any will do.
 * @throws Problem 412 for a tag that no resource of ours can have
 */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const version = /^\s*(?:W\/)?"(\d{1,9})"\s*$/.exec(ifMatch)?.[1];
  if (version !== undefined) return Number(version);
  throw new Problem('version_conflict', {
    detail: `If-Match must be one ETag such as "3" or *, but is ${ifMatch}.`,
  });
}
