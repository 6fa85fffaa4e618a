/**
 * The environment for a process that this one starts: its own, with some
 * variables set (a value) or taken away (undefined).
 */
export function childEnvironment(
  changes: Record<string, string | undefined>,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries({ ...own, ...changes }).filter(([, value]) => value !== undefined),
  );
}
