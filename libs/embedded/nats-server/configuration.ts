export interface NatsConfiguration {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly storeFolder: string;
  readonly cluster?: NatsCluster;
}

/** One server's place in a cluster of several on this machine. */
export interface NatsCluster {
  /** The server's own name. */
  readonly server: string;
  /** Where the others reach it. */
  readonly port: number;
  /** Of all servers. */
  readonly ports: readonly number[];
}

/**
 * The configuration file of a NATS server of ours.
 *
 * By itself the server acknowledges a publish once the operating system has the
 * bytes and asks the disk to keep them every two minutes: a crash of the server
 * loses nothing, a loss of power up to two minutes of acknowledged events.
 * `always` would lose none and costs five sixths of the throughput (23,000 to
 * 4,000 publishes a second on two cores). One second keeps the throughput and
 * bounds what a loss of power can take; whoever must not lose even that sets
 * `always` on a NATS server of their own.
 */
export function natsConfiguration({ port, user, password, storeFolder, cluster }: NatsConfiguration): string {
  // NATS reads quoted strings with the escapes that JSON has.
  const text = JSON.stringify;
  return `# Written by Tidings at every start; changes made here are lost.
host: "127.0.0.1"
port: ${port}
server_name: ${text(cluster?.server ?? 'tidings')}
max_payload: 8MB
jetstream {
  store_dir: ${text(storeFolder)}
  sync_interval: "1s"
}
authorization {
  user: ${text(user)}
  password: ${text(password)}
}
${cluster ? clusterPart(cluster) : ''}`;
}

function clusterPart({ port, ports }: NatsCluster): string {
  return `cluster {
  name: "tidings"
  listen: "127.0.0.1:${port}"
  routes: [${ports.map((each) => `"nats://127.0.0.1:${each}"`).join(', ')}]
}
`;
}
