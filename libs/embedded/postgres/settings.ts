/**
 * The server's settings, given on its command line so that the data folder
 * holds none that differ. `synchronous_commit` stays on, as it is by default:
 * what the record says was written survives a loss of power.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // A socket's path may have 107 characters only; data folders can lie deeper than that.
  unix_socket_directories: '',
  shared_buffers: '256MB',
  // Fewer, larger checkpoints: the record is written in bursts.
  max_wal_size: '2GB',
  // pglz: the programs from npm are built without lz4.
  wal_compression: 'on',
  max_connections: '200',
  lc_messages: 'C',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // A server that restarts all by itself is not seen dying; the supervisor does that, and says so.
  restart_after_crash: 'on',
};

/** For clusters that are thrown away: nothing needs to outlive a crash. */
export const DISPOSABLE: Readonly<Record<string, string>> = {
  shared_buffers: '64MB',
  fsync: 'off',
  full_page_writes: 'off',
};

/** Arguments for `postgres`, the changes overriding the settings above. */
export function settingArguments(port: number, changes: Readonly<Record<string, string>> = {}): string[] {
  const all = { ...SETTINGS, ...changes, port: String(port) };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
