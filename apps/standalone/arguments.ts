export type Request =
  | { readonly kind: 'start'; readonly demo: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly reason: string };

export const HELP = `npm start [-- --demo]

Starts Tidings with a PostgreSQL and a NATS server of its own. Everything is kept
in the folder TIDINGS_DATA_DIR (.tidings); Ctrl-C stops it, the next start finds
its data.

  --demo   also starts a receiver, makes two webhooks that call it, and publishes
           sample events until it is stopped
  --help   shows this

docs/config.md lists the environment variables.`;

/** What the command line asks for. */
export function readArguments(given: readonly string[]): Request {
  if (given.includes('--help') || given.includes('-h')) return { kind: 'help' };
  const unknown = given.find((argument) => argument !== '--demo');
  if (unknown === undefined) return { kind: 'start', demo: given.includes('--demo') };
  return { kind: 'refused', reason: `There is no option ${unknown}; --demo and --help are all there are.` };
}
