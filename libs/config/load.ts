import { environmentSchema, type Config } from './schema.js';

/** The environment says something that Tidings cannot work with; the message names each variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration once, at the start of a process.
 * @throws ConfigError naming each variable at fault and what was expected
 */
export function loadConfig(environment: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(environmentSchema.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = environmentSchema.safeParse(given);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(`The configuration is not valid. ${faults.join('; ')}.`);
}

/**
 * The value of a variable that this process cannot do without.
 * @throws ConfigError when it is not set
 */
export function required<Name extends keyof Config>(config: Config, name: Name): NonNullable<Config[Name]> {
  const value = config[name];
  if (value === undefined || value === null)
    throw new ConfigError(`${name} is not set, and there is no default for it.`);
  return value;
}
