import { CHAT_FILTERS } from './chat.js';
import type { Filters } from './filter.js';
import { GENERAL_FILTERS } from './general.js';
import { TIME_FILTERS } from './time.js';

/** Every filter by its name: a new family is a file and a line here. */
export const FILTERS: Filters = { ...GENERAL_FILTERS, ...TIME_FILTERS, ...CHAT_FILTERS };
