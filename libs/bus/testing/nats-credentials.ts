import { createHash } from 'node:crypto';
import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';

const seedOf = (pair: KeyPair) => Buffer.from(pair.getSeed()).toString();

/** An operator with one account, whose users are let in by credentials files; for specs. */
export function makeOperator() {
  const [operator, account, system] = [createOperator(), createAccount(), createAccount()];
  const unlimited = {
    subs: -1,
    data: -1,
    payload: -1,
    imports: -1,
    exports: -1,
    wildcards: true,
    conn: -1,
    leaf: -1,
  };
  const jetstream = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const limits = { ...unlimited, ...jetstream };
  const accountJwt = jwt(operator, account, 'account', { limits });
  const systemJwt = jwt(operator, system, 'account', { limits: unlimited });
  return {
    /** What the server's configuration says of it. */
    configuration: [
      `operator: ${jwt(operator, operator, 'operator', {})}`,
      'resolver: MEMORY',
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }`,
      `system_account: ${system.getPublicKey()}`,
    ].join('\n'),
    /** @param seconds for how long it holds; less than 0 has ended already */
    credentials(seconds: number): string {
      const user = createUser();
      const text = jwt(account, user, 'user', { subs: -1, data: -1, payload: -1 }, seconds);
      const part = (name: string, content: string) =>
        `-----BEGIN ${name}-----\n${content}\n------END ${name}------\n`;
      return `${part('NATS USER JWT', text)}\n${part('USER NKEY SEED', seedOf(user))}`;
    },
  };
}

/** The seed of a new nkey, and what the server's configuration has of it. */
export function makeNkey(): { seed: string; publicKey: string } {
  const user = createUser();
  return { seed: seedOf(user), publicKey: user.getPublicKey() };
}

/** A claim of NATS (its JWT of version 2), signed by an nkey. */
function jwt(issuer: KeyPair, subject: KeyPair, type: string, claims: object, seconds?: number): string {
  const now = Math.floor(Date.now() / 1000);
  const body = {
    iat: now,
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: type,
    ...(seconds === undefined ? {} : { exp: now + seconds }),
    nats: { ...claims, type, version: 2 },
  };
  const jti = createHash('sha256').update(JSON.stringify(body)).digest('base64url');
  const parts = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { ...body, jti },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString('base64url')}`;
}
