/**
 * As much of Express as the documents' examples use, `express.json()` before
 * them: `node express-like.mjs <file with the example> <secret>` prints its
 * port, and ends when its input does.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [file, secret] = process.argv.slice(2);
const routes = new Map();
const app = { post: (path, handler) => void routes.set(path, handler) };
const example = new Function('app', 'require', 'SECRET', readFileSync(file, 'utf8'));
example(app, createRequire(import.meta.url), secret);

function take(incoming, body, outgoing) {
  let code = 200;
  const response = {
    status: (wanted) => {
      code = wanted;
      return response;
    },
    send: (text) => outgoing.writeHead(code).end(text),
  };
  try {
    routes.get(incoming.url)({ headers: incoming.headers, body: JSON.parse(body) }, response);
  } catch (error) {
    outgoing.writeHead(500).end(String(error));
  }
}

const server = createServer((incoming, outgoing) => {
  let body = '';
  incoming.setEncoding('utf8').on('data', (text) => (body += text));
  incoming.on('end', () => take(incoming, body, outgoing));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
