import { contextOf } from './template/contexts.js';
import { definitionOf, headerValueFault, type CustomFormat, type Fault, type PayloadFormat } from '#domain';
import { contentTypeIn, isContentType } from './compile-format.js';
import { TemplateFault } from './template/expression.js';
import { Template } from './template/template.js';

/**
 * What is wrong with the templates of a format, those of its signature apart;
 * the paths begin with `format`.
 */
export function formatTemplateFaults(format: PayloadFormat): Fault[] {
  if (typeof format === 'string') return [];
  return [...bodyFaults(format), ...headerFaults(format.headers)];
}

function bodyFaults(format: CustomFormat): Fault[] {
  const contentType = contentTypeIn(format.headers);
  const context = contextOf(contentType);
  if (context === undefined) {
    const message = `is ${contentType}, but must be JSON, text, XML or a form`;
    return [{ path: 'format.headers.Content-Type', message }];
  }
  const path = 'format.body';
  // Of an empty one formatFaults tells.
  if (format.body === '') return [];
  const { body } = definitionOf(format);
  const read = readTemplate(body, context);
  if ('message' in read) return [{ path, message: read.message }];
  if (context !== 'json') return [];
  try {
    JSON.parse(read.template.probe);
    return [];
  } catch (error) {
    const message = `does not render to JSON: ${error instanceof Error ? error.message : String(error)}`;
    return [{ path, message }];
  }
}

function headerFaults(headers: CustomFormat['headers']): Fault[] {
  return Object.entries(headers).flatMap(([name, text]) => {
    const path = `format.headers.${name}`;
    if (isContentType(name) && text.includes('{{'))
      return [{ path, message: 'must be the same for every event' }];
    const wrong = headerValueFault(text);
    if (wrong !== undefined) return [{ path, message: wrong }];
    const read = readTemplate(text, 'header');
    return 'message' in read ? [{ path, message: read.message }] : [];
  });
}

function readTemplate(
  text: string,
  context: Parameters<typeof Template.read>[1],
): { template: Template } | { message: string } {
  try {
    return { template: Template.read(text, context) };
  } catch (error) {
    if (error instanceof TemplateFault) return { message: error.message };
    throw error;
  }
}
