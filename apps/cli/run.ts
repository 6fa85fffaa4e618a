import { parseArgs } from 'node:util';
import { redact } from '#observability';
import type { Command, ExitCode, Output } from './command.js';
import { COMMANDS } from './commands.js';

/**
 * Runs what the arguments ask for.
 * @param args what follows `tidings`
 */
export async function runCli(args: string[], output: Output, commands = COMMANDS): Promise<ExitCode> {
  const words = args.filter((each) => !each.startsWith('-'));
  const command = commands.find((each) => each.words === words.join(' '));
  if (!command) {
    const known = words.length === 0;
    if (known && args.some((each) => each === '--help' || each === '-h')) {
      output.line(overview(commands));
      return 0;
    }
    output.fault(
      known ? overview(commands) : `There is no command "${words.join(' ')}". Try: tidings --help`,
    );
    return 2;
  }
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({
      args: args.slice(),
      allowPositionals: true,
      options: { ...command.options, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    output.fault(`${(error as Error).message} Try: tidings ${command.words} --help`);
    return 2;
  }
  if (values['help']) {
    output.line(`${command.summary}\n\n${command.help}`);
    return 0;
  }
  try {
    return await command.run(values, output);
  } catch (error) {
    output.fault(redact(error instanceof Error ? error.message : String(error)));
    return 1;
  }
}

function overview(commands: Command[]): string {
  const width = Math.max(...commands.map(({ words }) => words.length));
  return [
    'Usage: tidings <command> [options]',
    '',
    ...commands.map(({ words, summary }) => `  ${words.padEnd(width)}  ${summary}`),
    '',
    'tidings <command> --help says more about one.',
  ].join('\n');
}
