/** Lines of Node's own around an uncaught error, and of the servers' around a fatal one. */
const NOISE = /^(\s|Node\.js v|\^|node:|file:\/\/|triggerUncaughtException|\{|\}|throw )/;
/** What PostgreSQL tells those who come too early or too late, which is no reason to end. */
const TURNED_AWAY = /FATAL:\s+(the database system is|terminating connection|password authentication)/;
const SERVER_FATAL = /(?:FATAL|PANIC|\[FTL\])[:\s]+(.*)$/;
const NATS_ERROR = /^\S*nats-server: (.*)$/;
const LONGEST = 400;

/**
 * The sentence in which a program said why it ended, out of the last lines it
 * wrote: a server's fatal line, an uncaught error's message, or else the last
 * line that is plain text (structured logs are left out). Undefined when it said nothing.
 */
export function exitReason(output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const plain = lines.filter((line) => line !== '' && !NOISE.test(line) && !TURNED_AWAY.test(line));
  const fatal = plain.findLast((line) => SERVER_FATAL.test(line));
  const reason =
    (fatal === undefined ? undefined : SERVER_FATAL.exec(fatal)?.[1]) ??
    plain.findLast((line) => /^(Uncaught )?[A-Za-z]*Error\b.*: /.test(line)) ??
    plain.at(-1);
  if (reason === undefined) return undefined;
  return (NATS_ERROR.exec(reason)?.[1] ?? reason).trim().slice(0, LONGEST);
}
