import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Unavailable, replaceFile } from '#embedded';

const port = z.int().min(1).max(65_535);

/**
 * What is made once, at the first start, and stays: without the encryption keys
 * and the passwords the rest of the folder cannot be read.
 */
const keptSchema = z.object({
  operator_key: z.string(),
  encryption_keys: z.string(),
  postgres_password: z.string(),
  nats_password: z.string(),
  demo_secret: z.string(),
  ports: z.object({ postgres: port, nats: port, demo: port }).partial(),
});

export type Kept = z.output<typeof keptSchema>;

const ID_BYTES = 6;
const SECRET_BYTES = 32;
/** They appear in addresses that people copy: long enough, and no longer. */
const PASSWORD_BYTES = 18;

function makeKept(): Kept {
  return {
    operator_key: `tdg_${randomBytes(ID_BYTES).toString('hex')}_${randomBytes(SECRET_BYTES).toString('base64url')}`,
    encryption_keys: `k1:${randomBytes(SECRET_BYTES).toString('base64')}`,
    postgres_password: randomBytes(PASSWORD_BYTES).toString('base64url'),
    nats_password: randomBytes(PASSWORD_BYTES).toString('base64url'),
    demo_secret: `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`,
    ports: {},
  };
}

/** Writes what is kept; only the owner may read it. */
export async function writeKept(path: string, kept: Kept): Promise<void> {
  await replaceFile(path, `${JSON.stringify(kept, undefined, 2)}\n`);
}

/**
 * Reads what the first start made, or makes it.
 * @param hasData whether the folder holds data already, which new passwords could not open
 * @throws Unavailable when the file is damaged, or gone although there is data
 */
export async function readOrMakeKept(path: string, hasData: boolean): Promise<Kept> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const wayOut = 'Restore it, or set TIDINGS_DATA_DIR to another folder to begin anew.';
    if (code !== 'ENOENT')
      throw new Unavailable(`${path} cannot be read: ${message}. ${wayOut}`, { cause: error });
    if (hasData)
      throw new Unavailable(
        `${path} is gone, and with it the passwords and keys of the data beside it. ${wayOut}`,
        { cause: error },
      );
    const kept = makeKept();
    await writeKept(path, kept);
    return kept;
  }
  try {
    return keptSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Unavailable(
      `${path} is damaged: it does not hold the passwords and keys of the data beside it. Restore it from a backup, or set TIDINGS_DATA_DIR to another folder to begin anew.`,
      { cause: error },
    );
  }
}
