import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#config';
import { isStandardSecret, Keyring } from '#signing';
import { readOrMakeKept, writeKept } from './kept.js';

describe('what standalone keeps from start to start', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-kept-'));
    path = join(folder, 'kept.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, read again, and for its owner only', async () => {
    const kept = await readOrMakeKept(path, false);
    await writeKept(path, { ...kept, ports: { nats: 4222 } });
    expect(await readOrMakeKept(path, true)).toEqual({ ...kept, ports: { nats: 4222 } });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is what the apps accept', async () => {
    const kept = await readOrMakeKept(path, false);
    const { TIDINGS_OPERATOR_KEY } = loadConfig({ TIDINGS_OPERATOR_KEY: kept.operator_key });
    expect(TIDINGS_OPERATOR_KEY).toBe(kept.operator_key);
    expect(() => Keyring.parse(kept.encryption_keys)).not.toThrow();
    expect(isStandardSecret(kept.demo_secret)).toBe(true);
  });
});
