import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#embedded';
import type { DataFolder } from '../data-folder.js';
import { writeKept, type Kept } from '../kept.js';
import { terminal } from '../terminal.js';
import { apiClient, type CallApi } from './api-client.js';
import { ensureDemoWebhooks } from './demo-webhooks.js';
import { startReceiver, type Received } from './receiver.js';
import { sampleEvents } from './sample-events.js';

const EVENT_EVERY_MS = 2_000;
const TYPE_WIDTH = 15;
const PATH_WIDTH = 8;

function printReceived({ path, type, eventId, attempt, signed, status }: Received): void {
  const { styled } = terminal;
  const time = new Date().toISOString().slice(11, 23);
  const signature = signed ? styled('green', 'signature verified') : styled('red', 'signature NOT verified');
  const answer = status < 300 ? styled('green', String(status)) : styled('yellow', String(status));
  terminal.line(
    `  ${styled('dim', time)}  ${path.padEnd(PATH_WIDTH)}${type.padEnd(TYPE_WIDTH)} ${eventId}  attempt ${attempt}  ${signature}  answered ${answer}`,
  );
}

async function publishSamples(callApi: CallApi, signal: AbortSignal): Promise<void> {
  for (const event of sampleEvents()) {
    if (signal.aborted) return;
    try {
      await callApi('POST', '/events', event);
    } catch (error) {
      // The admin API may be on its way up again; the demo outlives that.
      if (!signal.aborted)
        terminal.warn('Demo', `a sample event was not published: ${(error as Error).message}`);
    }
    await sleep(EVENT_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Shows the system at work: a receiver that prints what arrives, two webhooks
 * that call it, and an event every other second until the signal is aborted.
 * @throws ApiFailure when the webhooks cannot be made
 */
export async function startDemo(
  addresses: { readonly api_url: string; readonly operator_key: string },
  folder: DataFolder,
  kept: Kept,
  signal: AbortSignal,
): Promise<void> {
  const port = await freePort('127.0.0.1', kept.ports.demo);
  kept.ports.demo = port;
  await writeKept(folder.keptJson, kept);
  const receiver = await startReceiver(port, kept.demo_secret, printReceived);
  signal.addEventListener('abort', () => {
    receiver.close();
    receiver.closeAllConnections();
  });
  const callApi = apiClient(addresses.api_url, addresses.operator_key, signal);
  await ensureDemoWebhooks(callApi, `http://127.0.0.1:${port}`, kept.demo_secret);
  terminal.line('  The demo publishes an event every two seconds; this is what its receiver gets:');
  terminal.line();
  void publishSamples(callApi, signal);
}
