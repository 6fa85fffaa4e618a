import { MASK } from '#domain';

interface ShownRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/**
 * A command for a POSIX shell that makes a request with curl. What the record
 * masks is a variable that whoever runs it sets: `$TIDINGS_AUTHORIZATION` for
 * the header `Authorization`.
 */
export function curlLine({ method, url, headers, body }: ShownRequest): string {
  const parts = [`curl -X ${method} ${quoted(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${header(name, value)}`);
  // Not --data-binary: that reads a file where the body begins with @.
  if (body !== '') parts.push(`--data-raw ${quoted(body)}`);
  return parts.join(' \\\n  ');
}

function header(name: string, value: string): string {
  // With a colon and nothing after it, curl would leave the header out.
  if (value === '') return quoted(`${name};`);
  const at = value.indexOf(MASK);
  if (at === -1) return quoted(`${name}: ${value}`);
  const variable = `TIDINGS_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
  const [before, after] = [value.slice(0, at), value.slice(at + MASK.length)];
  return `${quoted(`${name}: ${before}`)}"$${variable}"${after === '' ? '' : quoted(after)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
