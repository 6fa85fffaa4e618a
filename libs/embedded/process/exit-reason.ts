/** Lines of Node's own around an uncaught error, and structured logs. */
const AROUND_ERRORS = /^(\s|Node\.js v|\^|node:|file:\/\/|triggerUncaughtException|\{|\}|throw )/;
/** What the servers say in passing. */
const IN_PASSING =
  /\b(LOG|INFO|NOTICE|WARNING|DEBUG\d?|HINT|DETAIL|CONTEXT|STATEMENT):\s|\[(INF|WRN|DBG|TRC)\]\s/;
/** What PostgreSQL tells those who come too early or too late, which is no reason to end. */
const TURNED_AWAY = /FATAL:\s+(the database system is|terminating connection|password authentication)/;

const SERVER_FATAL = /(?:FATAL:|PANIC:|\[FTL\])\s+(.*)$/;
const UNCAUGHT = /^(Uncaught )?[A-Za-z]*Error\b.*: /;
const NATS_PREFIX = /^\S*nats-server: /;
const LONGEST = 400;

/**
 * The sentence in which a program said why it ended, out of the last lines it
 * wrote: a server's fatal line, an uncaught error's message, or else the last
 * line that is neither routine nor a structured log. Undefined when it said nothing.
 */
export function exitReason(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter(
      (line) => line !== '' && ![AROUND_ERRORS, IN_PASSING, TURNED_AWAY].some((noise) => noise.test(line)),
    );
  const fatal = lines.map((line) => SERVER_FATAL.exec(line)?.[1]).findLast((text) => text !== undefined);
  const reason = fatal ?? lines.findLast((line) => UNCAUGHT.test(line)) ?? lines.at(-1);
  return reason?.replace(NATS_PREFIX, '').trim().slice(0, LONGEST);
}
