/** The formats that come with Tidings, those of earlier systems among them. */
export const BUILT_IN_FORMATS = [
  'standard',
  'cloudevents',
  'cloudevents-binary',
  'raw',
  'slack',
  'discord',
  'teams',
  'rag-chatbot',
  'systemprompt',
  'taskflow',
  'nexus',
  'notely',
] as const;
export type BuiltInFormat = (typeof BUILT_IN_FORMATS)[number];
