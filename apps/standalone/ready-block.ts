import { terminal } from './terminal.js';

export interface ReadyBlock {
  readonly apiUrl: string;
  readonly operatorKey: string;
  readonly natsUrl: string;
  readonly dataFolder: string;
}

const LABEL_WIDTH = 15;

/** The last lines of a start: where everything is, and what to do next. */
export function printReadyBlock({ apiUrl, operatorKey, natsUrl, dataFolder }: ReadyBlock): void {
  const { line, styled } = terminal;
  const entry = (label: string, value: string): void => line(`  ${label.padEnd(LABEL_WIDTH)}${value}`);
  line();
  line(`  ${styled(['bold', 'green'], 'Tidings is ready.')}`);
  line();
  entry('Dashboard', styled('cyan', apiUrl));
  entry('API reference', styled('cyan', `${apiUrl}/docs`));
  entry('Operator key', styled('bold', operatorKey));
  entry('NATS', natsUrl);
  entry('Data and logs', dataFolder);
  line();
  line('  Make a first webhook:');
  line();
  line(`    curl ${apiUrl}/api/v1/webhooks \\`);
  line(`      -H 'Authorization: Bearer ${operatorKey}' -H 'Content-Type: application/json' \\`);
  line(`      -d '{"name":"first","url":"https://example.com/hook","event_types":["order.*"]}'`);
  line();
  line(styled('dim', '  Ctrl-C stops it; the next start finds its data.'));
  line();
}
