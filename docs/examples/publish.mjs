// Publishes an event on NATS, as an application does.
//   NATS_URL=nats://user:password@host:port node docs/examples/publish.mjs order.created '{"total":12.50}'
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

const [type, data = '{}'] = process.argv.slice(2);
const { host, username, password } = new URL(process.env.NATS_URL);

const connection = await connect({ servers: host, user: username, pass: password });
const { seq } = await jetstream(connection).publish(`events.default.${type}`, data);
console.log(`stored as message ${seq} of the stream EVENTS`);
await connection.close();
