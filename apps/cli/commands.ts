import type { Command } from './command.js';
import { REWRAP_KEYS } from './keys/rewrap-command.js';
import { REBUILD } from './rebuild/rebuild-command.js';

/** Everything that `tidings` can do. A new command is one more entry here. */
export const COMMANDS: Command[] = [REBUILD, REWRAP_KEYS];
