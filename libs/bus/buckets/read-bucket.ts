import { createInbox, type Msg } from '@nats-io/transport-node';
import type { Wires } from '../connection.js';
import { restAfter } from './rest-after.js';

/** What one request brings: some milliseconds of work. */
const PAGE = 200;
/** Between two messages of a page. */
const SILENCE_MS = 5_000;

type Line = Pick<Wires, 'connection' | 'inboxPrefix'>;

/** What lies under a key, as it was written; undefined when it was removed. */
export interface ReadEntry {
  key: string;
  revision: number;
  value: Uint8Array | undefined;
}

/**
 * Reads all that lies in a bucket, a page at a time with rests between. A
 * watch has everything sent at once, and a process that receives 100,000
 * values does little else meanwhile. What is written in the meantime is told too.
 * @param told of each key once or more, the latest last
 * @throws when NATS cannot be asked
 */
export async function readBucket(
  line: Line,
  bucket: string,
  told: (entry: ReadEntry) => void,
): Promise<void> {
  const rest = restAfter(1);
  for (let seq = 1, more = true; more;) {
    await rest();
    more = false;
    await readPage(line, bucket, seq, (message) => {
      const entry = entryOf(message, bucket);
      told(entry);
      seq = entry.revision + 1;
      more = true;
    });
  }
}

/** The end of a page, and of the bucket. */
const ENDS = [204, 404];

/**
 * Has the server send the messages from a place in the bucket's stream on
 * (ADR-31 of NATS, "batched requests"). The client's own getBatch leaves an
 * error unhandled where there is none.
 */
function readPage(
  { connection, inboxPrefix }: Line,
  bucket: string,
  seq: number,
  came: (message: Msg) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const inbox = createInbox(inboxPrefix);
    const end = (error?: Error) => {
      subscription.unsubscribe();
      if (error) reject(error);
      else resolve();
    };
    const subscription = connection.subscribe(inbox, {
      timeout: SILENCE_MS,
      callback: (error, message) => {
        if (error) return end(error);
        const { code = 0, description = '' } = message.headers ?? {};
        if (code === 0) came(message);
        else end(ENDS.includes(code) ? undefined : new Error(`NATS answers ${code} ${description}`));
      },
    });
    const wanted = { seq, batch: PAGE, next_by_subj: `$KV.${bucket}.>` };
    connection.publish(`$JS.API.DIRECT.GET.KV_${bucket}`, JSON.stringify(wanted), { reply: inbox });
  });
}

function entryOf({ headers, data }: Msg, bucket: string): ReadEntry {
  const said = (name: string) => headers?.get(name) ?? '';
  return {
    key: said('Nats-Subject').slice(`$KV.${bucket}.`.length),
    revision: Number(said('Nats-Sequence')),
    value: said('KV-Operation') === '' ? data : undefined,
  };
}
