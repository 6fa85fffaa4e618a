import { definitionOf, type FormatDefinition, type PayloadFormat } from '#domain';
import { rewriteJson } from './json/rewrite-json.js';
import type { PayloadEvent } from './payload-event.js';
import { ceHeaderValue, cloudEventAttributes } from './template/cloudevent-attributes.js';
import { contextOf } from './template/contexts.js';
import { TemplateFault } from './template/expression.js';
import { RenderError } from './template/render-error.js';
import { Scope } from './template/scope.js';
import { Template } from './template/template.js';

/** What a format makes of an event; it is signed and sent as it is here. */
export interface RenderedPayload {
  /** `Content-Type` and what the format adds, by name; what Tidings and the webhook set besides is not among them. */
  headers: Record<string, string>;
  body: Buffer;
}

/** A format made ready: what would otherwise be worked out for each request. */
export interface PayloadRenderer {
  /**
   * @param event one whose data and metadata are JSON
   * @throws RenderError in a sentence when what comes of it cannot be sent
   */
  render: (event: PayloadEvent) => RenderedPayload;
}

const JSON_TYPE = 'application/json';
/** Receivers commonly take 8 KiB of headers. */
const MOST_HEADER_CHARACTERS = 4_096;

/**
 * @param format one that formatFaults and formatTemplateFaults have nothing against
 * @throws TemplateFault when a template cannot be read
 */
export function compileFormat(format: PayloadFormat): PayloadRenderer {
  return new FormatRenderer(definitionOf(format));
}

class FormatRenderer implements PayloadRenderer {
  private readonly body: Template;
  private readonly fixed: Record<string, string>;
  private readonly made: [string, Template][] = [];
  private readonly writing: FormatDefinition['writing'];
  private readonly ceHeaders: boolean;

  constructor({ body, headers, writing, ceHeaders }: FormatDefinition) {
    const contentType = contentTypeIn(headers);
    const context = contextOf(contentType);
    if (context === undefined)
      throw new TemplateFault(`is of type ${contentType}, which no template can write`);
    this.body = Template.read(body, context);
    this.writing = writing;
    this.ceHeaders = ceHeaders;
    this.fixed = { 'Content-Type': contentType };
    for (const [name, text] of Object.entries(headers)) {
      if (isContentType(name)) continue;
      const template = Template.read(text, 'header');
      if (template.isConstant) this.fixed[name] = text;
      else this.made.push([name, template]);
    }
  }

  render(event: PayloadEvent): RenderedPayload {
    const scope = new Scope(event);
    const body = this.body.bytes(scope);
    return {
      headers: this.headers(scope),
      body: this.writing === 'as_given' ? body : Buffer.from(rewriteJson(body.toString(), this.writing)),
    };
  }

  private headers(scope: Scope): Record<string, string> {
    if (this.made.length === 0 && !this.ceHeaders) return this.fixed;
    const headers = { ...this.fixed };
    for (const [name, template] of this.made) {
      const value = template.text(scope);
      if (value.length > MOST_HEADER_CHARACTERS)
        throw new RenderError(
          `The header ${name} would be longer than ${MOST_HEADER_CHARACTERS} characters.`,
        );
      headers[name] = value;
    }
    if (this.ceHeaders) addCeHeaders(headers, scope);
    return headers;
  }
}

function addCeHeaders(headers: Record<string, string>, scope: Scope): void {
  const { datacontenttype, ...attributes } = cloudEventAttributes(scope.event, scope.metadata);
  headers['Content-Type'] = String(datacontenttype);
  let length = 0;
  for (const [name, value] of Object.entries(attributes)) {
    const text = ceHeaderValue(value);
    length += name.length + text.length;
    // The required ones come first and always have room: id and type are of 200 characters at most.
    if (length > MOST_HEADER_CHARACTERS) length -= name.length + text.length;
    else headers[`ce-${name}`] = text;
  }
}

/** The content type among a format's headers, whatever its case; JSON where there is none. */
export function contentTypeIn(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers).find(([name]) => isContentType(name))?.[1] ?? JSON_TYPE;
}

export function isContentType(header: string): boolean {
  return header.toLowerCase() === 'content-type';
}
