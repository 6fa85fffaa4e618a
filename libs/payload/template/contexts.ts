import type { Value } from './value.js';

/**
 * Where a placeholder stands: as a value of JSON or within a string of it, in
 * plain text, in a form, in XML or HTML, in a header.
 */
export type Context = 'json' | 'json_string' | 'text' | 'form' | 'xml' | 'header';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function asJson(value: Value): string {
  return value.json;
}

function inJsonString(value: Value): string {
  return JSON.stringify(value.text).slice(1, -1);
}

function asText(value: Value): string {
  return value.text;
}

/** URL Standard, section 5.2, "application/x-www-form-urlencoded serializing". */
function inForm(value: Value): string {
  return new URLSearchParams({ '': value.text.toWellFormed() }).toString().slice(1);
}

function inXml(value: Value): string {
  return value.text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** What a header cannot hold is percent-encoded, as UTF-8. */
function inHeader(value: Value): string {
  return value.text
    .toWellFormed()
    .replaceAll(/[^\x20-\x7e]+/gu, (characters) => encodeURIComponent(characters))
    .trim();
}

export const ESCAPES: Record<Context, (value: Value) => string> = {
  json: asJson,
  json_string: inJsonString,
  text: asText,
  form: inForm,
  xml: inXml,
  header: inHeader,
};

/** What the body of a content type is; undefined when it is nothing that a template can write. */
export function contextOf(contentType: string): 'json' | 'text' | 'form' | 'xml' | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || /^[a-z0-9.-]+\/[a-z0-9.-]+\+json$/.test(type)) return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (type === 'text/html' || /[/+]xml$/.test(type)) return 'xml';
  return type.startsWith('text/') ? 'text' : undefined;
}
