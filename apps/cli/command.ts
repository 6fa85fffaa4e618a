/** What a command tells and where: an exit code apart, that is all it does to the outside of the process. */
export interface Output {
  /** A line of what was asked for. */
  line: (text: string) => void;
  /** A line about a fault. */
  fault: (text: string) => void;
}

/** 0: done. 1: not, or not all of it; the output says why. 2: it was asked for in a way that cannot be understood. */
export type ExitCode = 0 | 1 | 2;

/** One command of `tidings`, named by its words. */
export interface Command {
  words: string;
  /** What it does, in a line. */
  summary: string;
  /** What `--help` shows, without the options that every command has. */
  help: string;
  /** Its options, beside `--help`, as node:util's parseArgs wants them. */
  options: Record<string, { type: 'boolean' | 'string' }>;
  run: (options: Record<string, string | boolean | undefined>, output: Output) => Promise<ExitCode>;
}
