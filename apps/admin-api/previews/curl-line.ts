import { MASK } from '#domain';

interface ShownRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What a command cannot say, and people should know. */
interface Remarks {
  /** The body is only the beginning of what would be sent. */
  truncated?: boolean;
  /** The webhook shows a certificate. */
  mtls?: boolean;
}

/**
 * A command for a POSIX shell that makes a request with curl. What the record
 * masks is a variable that whoever runs it sets: `$TIDINGS_AUTHORIZATION` for
 * the header `Authorization`. Comments in front of it say so.
 */
export function curlLine({ method, url, headers, body }: ShownRequest, remarks: Remarks = {}): string {
  // Without globoff, curl would read brackets and braces of the URL as patterns.
  const parts = [`curl --globoff -X ${method} ${quoted(url)}`];
  const variables: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value.includes(MASK)) variables.push(variableOf(name));
    parts.push(`-H ${header(name, value)}`);
  }
  // Not --data-binary: that reads a file where the body begins with @.
  if (body !== '') parts.push(`--data-raw ${quoted(body)}`);
  return [...comments(variables, remarks), parts.join(' \\\n  ')].join('\n');
}

function comments(variables: string[], { truncated, mtls }: Remarks): string[] {
  const said = [
    ...(variables.length > 0
      ? [`Secrets are not shown: set ${variables.map((name) => `$${name}`).join(' and ')} first.`]
      : []),
    ...(truncated ? ['The body is cut here, so that no signature fits it.'] : []),
    ...(mtls ? ['The receiver is shown a certificate too: add --cert and --key.'] : []),
  ];
  return said.map((text) => `# ${text}`);
}

function header(name: string, value: string): string {
  // With a colon and nothing after it, curl would leave the header out.
  if (value === '') return quoted(`${name};`);
  const at = value.indexOf(MASK);
  if (at === -1) return quoted(`${name}: ${value}`);
  const [before, after] = [value.slice(0, at), value.slice(at + MASK.length)];
  return `${quoted(`${name}: ${before}`)}"$${variableOf(name)}"${after === '' ? '' : quoted(after)}`;
}

function variableOf(header: string): string {
  return `TIDINGS_${header.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
