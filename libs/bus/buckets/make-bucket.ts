import { Kvm, type KV, type KvOptions } from '@nats-io/kv';
import type { Wires } from '../connection.js';
import { unlessForbidden } from '../topology.js';

/**
 * Opens a KV bucket; makes it where it is missing, and keeps it on as many
 * servers as everything else. Any number of processes may do so at once.
 * @throws when NATS cannot be asked
 */
export async function makeBucket(
  { jetstream, manager, replicas }: Pick<Wires, 'jetstream' | 'manager' | 'replicas'>,
  name: string,
  options: Partial<KvOptions>,
): Promise<KV> {
  const kv = await new Kvm(jetstream).create(name, { ...options, replicas });
  const { streamInfo } = await kv.status();
  if (streamInfo.config.num_replicas !== replicas)
    await unlessForbidden(() =>
      manager.streams.update(streamInfo.config.name, { ...streamInfo.config, num_replicas: replicas }),
    );
  return kv;
}
