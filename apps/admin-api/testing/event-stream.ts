import { request, type IncomingMessage } from 'node:http';

export interface SentEvent {
  id: string | undefined;
  event: string | undefined;
  data: unknown;
}

export interface EventStream {
  status: number;
  headers: IncomingMessage['headers'];
  /** All events so far. */
  readonly events: SentEvent[];
  /** Comments so far. */
  readonly comments: string[];
  /** Whether the server has ended it, or it broke. */
  readonly isOver: boolean;
  /** Reads nothing from now on. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Listens to server-sent events, as browsers do. */
export function listenTo(url: string, headers: Record<string, string>): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      const events: SentEvent[] = [];
      const comments: string[] = [];
      let text = '';
      let isOver = false;
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        const blocks = (text + part).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          if (block.startsWith(':')) comments.push(block);
          else if (!block.startsWith('retry:')) events.push(eventOf(block));
        }
      });
      const over = () => (isOver = true);
      response.on('end', over);
      response.on('close', over);
      response.on('error', over);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        events,
        comments,
        get isOver() {
          return isOver;
        },
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        close: () => void sent.destroy(),
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function eventOf(block: string): SentEvent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
  const data = field('data');
  return { id: field('id'), event: field('event'), data: data === undefined ? undefined : JSON.parse(data) };
}
