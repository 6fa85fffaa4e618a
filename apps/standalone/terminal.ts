import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colours only where the terminal shows them and NO_COLOR does not forbid it. */
function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true });
}

const NAME_WIDTH = 16;

/** What a person who starts the system watches. */
export const terminal = {
  styled,

  line: (text = ''): void => {
    console.log(text);
  },

  /** Work that has begun. */
  step: (name: string, text: string): void => {
    console.log(`  ${styled('dim', '·')} ${name.padEnd(NAME_WIDTH)}${styled('dim', text)}`);
  },

  /** Work that is done. */
  done: (name: string, text: string): void => {
    console.log(`  ${styled('green', '✓')} ${name.padEnd(NAME_WIDTH)}${text}`);
  },

  /** Something that people should know and need not act upon. */
  warn: (name: string, text: string): void => {
    console.log(`  ${styled('yellow', '!')} ${name.padEnd(NAME_WIDTH)}${text}`);
  },

  /** Why the system could not be started. */
  failure: (text: string): void => {
    console.error(`\n${styleText('red', 'Tidings did not start.', { stream: process.stderr })} ${text}`);
  },
};
