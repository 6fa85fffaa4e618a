import { isEventType, type JsonSchema } from '#domain';
import {
  CatalogueError,
  firstText,
  isObject,
  type Catalogue,
  type CatalogueEntry,
  type JsonObject,
  type Unreadable,
} from './catalogue.js';
import { dataOf } from './data-of-body.js';
import { dereferenced, standalone } from './local-refs.js';

/** A message with the names that it could have as an event type, the likeliest first. */
interface Found {
  message: unknown;
  names: string[];
}

/**
 * Reads the messages of an AsyncAPI document, 2.x or 3.x. A message's `name`
 * is the event type, else the address of its channel with its slashes as dots,
 * else the key under which the document has it.
 * @throws CatalogueError
 */
export function readAsyncApiMessages(document: JsonObject): Catalogue {
  const version = firstText(document.asyncapi);
  if (!/^[23]\./.test(version))
    throw new CatalogueError(
      `It is an AsyncAPI document of version ${version || 'unknown'}; 2 and 3 are read.`,
    );
  const channels = isObject(document.channels) ? document.channels : {};
  const find = version.startsWith('2.') ? messagesOf2 : messagesOf3;
  const entries: CatalogueEntry[] = [];
  const unreadable: Unreadable[] = [];
  for (const [key, value] of Object.entries(channels)) {
    const channel = dereferenced(document, value);
    const found = isObject(channel) ? find(document, key, channel) : [];
    if (found.length === 0) unreadable.push({ name: key, reason: 'is a channel without a message' });
    for (const one of found) {
      const read = readMessage(document, one);
      if ('reason' in read) unreadable.push(read);
      // Where the same message goes through several channels, it is one event type.
      else if (!entries.some(({ name }) => name === read.name)) entries.push(read);
    }
  }
  return { format: 'asyncapi', entries, unreadable };
}

function messagesOf2(document: JsonObject, address: string, channel: JsonObject): Found[] {
  return [channel.publish, channel.subscribe].flatMap((operation): Found[] => {
    const message = isObject(operation) ? dereferenced(document, operation.message) : undefined;
    if (!isObject(message)) return [];
    const several = Array.isArray(message.oneOf) ? (message.oneOf as unknown[]) : undefined;
    if (several) return several.map((one) => ({ message: one, names: [keyOf(one)] }));
    return [{ message, names: [address] }];
  });
}

function messagesOf3(_document: JsonObject, key: string, channel: JsonObject): Found[] {
  const messages = isObject(channel.messages) ? Object.entries(channel.messages) : [];
  const alone = messages.length === 1 ? [firstText(channel.address, key)] : [];
  return messages.map(([name, message]) => ({ message, names: [...alone, name] }));
}

function keyOf(reference: unknown): string {
  return isObject(reference) ? (firstText(reference.$ref).split('/').at(-1) ?? '') : '';
}

function readMessage(document: JsonObject, found: Found): CatalogueEntry | Unreadable {
  const message = dereferenced(document, found.message);
  const given = isObject(message) ? firstText(message.name) : '';
  const names = [given, ...found.names].filter(Boolean);
  const name = names.map((text) => text.replace(/^\/+/, '').replaceAll('/', '.')).find(isEventType);
  const called = names[0] ?? 'a message';
  if (!isObject(message)) return { name: called, reason: 'refers to a message that is not in the document' };
  if (name === undefined) return { name: called, reason: 'has no name that could be an event type' };
  // AsyncAPI 3 may wrap a schema to say what language it is in.
  const payload = dereferenced(document, message.payload);
  const wrapped = isObject(payload) && typeof payload.schemaFormat === 'string' && 'schema' in payload;
  const language = wrapped ? payload.schemaFormat : message.schemaFormat;
  if (typeof language === 'string' && !/json|asyncapi/i.test(language))
    return { name, reason: `has its schema in a language that is not read: ${language}` };
  const [example] = Array.isArray(message.examples) ? (message.examples as unknown[]) : [];
  const { schema, example: shown } = dataOf(
    payload === undefined ? null : standalone(document, wrapped ? payload.schema : message.payload),
    isObject(example) ? example.payload : null,
  );
  const description = firstText(message.description, message.summary, message.title);
  return {
    name,
    definition: { description, schema: schema as JsonSchema | null, example: shown, archived: false },
  };
}
