/** What stands where a secret was. */
const MASKED = '********';

/**
 * Secrets that can be told from other text by their form: user and password in an address, our API keys, signing
 * secrets, private keys, and what follows a scheme of authorization.
 */
const FORMS: [RegExp, string][] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@'"\\]+@/gi, `$1${MASKED}@`],
  [/\b(tdg_[A-Za-z0-9]+_)[A-Za-z0-9_-]{8,}/g, `$1${MASKED}`],
  [/\b(wh(?:sec|sk)_)[A-Za-z0-9+/=_-]{8,}/g, `$1${MASKED}`],
  [/\b(Bearer|Basic) [A-Za-z0-9+/=._~-]{8,}/g, `$1 ${MASKED}`],
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(-----END|$)/g, `$1${MASKED}$2`],
];

/** The text with everything masked that looks like a secret. For what is logged or printed. */
export function redact(text: string): string {
  return FORMS.reduce((masked, [form, mask]) => masked.replace(form, mask), text);
}

/** An error as it is logged. */
export interface LoggedError {
  type: string;
  message: string;
  stack: string | undefined;
  code?: string;
  cause?: LoggedError;
}

/** Of causes of causes, so many. */
const MAX_CAUSES = 5;

/**
 * What may be logged of an error: its name, message, stack and code, and those of its causes. All other members are
 * left out: errors of PostgreSQL hold parameters and rows, those of HTTP clients whole requests.
 */
export function loggedError(error: unknown, causes = MAX_CAUSES): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: redact(String(error)), stack: undefined };
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.name,
    message: redact(error.message),
    stack: error.stack === undefined ? undefined : redact(error.stack),
    ...(typeof code === 'string' ? { code } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: loggedError(cause, causes - 1) }),
  };
}
