import { cloudeventsBinary } from './cloudevents-binary.js';
import { cloudevents } from './cloudevents.js';
import { discord } from './discord.js';
import type { FormatDefinition } from './format-definition.js';
import { nexus } from './nexus.js';
import { notely } from './notely.js';
import { ragChatbot } from './rag-chatbot.js';
import { raw } from './raw.js';
import { slack } from './slack.js';
import { standard } from './standard.js';
import { systemprompt } from './systemprompt.js';
import { taskflow } from './taskflow.js';
import { teams } from './teams.js';

/** The formats that come with Tidings, those of earlier systems among them: a new one is a file and a line here. */
const DEFINITIONS = {
  standard,
  cloudevents,
  'cloudevents-binary': cloudeventsBinary,
  raw,
  slack,
  discord,
  teams,
  'rag-chatbot': ragChatbot,
  systemprompt,
  taskflow,
  nexus,
  notely,
} satisfies Record<string, FormatDefinition>;

export type BuiltInFormat = keyof typeof DEFINITIONS;
export const BUILT_IN_FORMATS = Object.keys(DEFINITIONS) as [BuiltInFormat, ...BuiltInFormat[]];

export function builtInFormat(name: BuiltInFormat): FormatDefinition {
  return DEFINITIONS[name];
}
