// A receiver: verifies each request with the Standard Webhooks library and prints it.
//   SECRET=whsec_... node docs/examples/receiver.mjs 9999
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const secret = process.env.SECRET;
const port = Number(process.argv[2] ?? 9999);

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  let verified = 'not verified';
  try {
    if (secret) new Webhook(secret).verify(body, request.headers);
    if (secret) verified = 'verified';
  } catch {
    verified = 'WRONG SIGNATURE';
  }
  console.log(
    `${request.headers['webhook-id']} attempt ${request.headers['x-tidings-attempt']} ${verified}: ${body}`,
  );
  response.writeHead(verified === 'WRONG SIGNATURE' ? 401 : 204).end();
}).listen(port, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}/`));
