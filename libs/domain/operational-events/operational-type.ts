/** What the types of events begin with that Tidings itself publishes. Nobody else's do. */
const PREFIX = 'tidings.';

/** Whether an event type, or a pattern of event types, is of operational events. */
export function isOperationalType(type: string): boolean {
  return type.startsWith(PREFIX);
}

/**
 * Whether a webhook with these patterns gets operational events. Only patterns
 * that name `tidings.` do: those who want all events mean their own.
 */
export function listensToOperational(patterns: readonly string[]): boolean {
  return patterns.some(isOperationalType);
}

/**
 * The header that marks a message of EVENTS as an operational event. It guards against accidents; against
 * intent it is the permissions of NATS that guard (docs/security.md).
 */
export const OPERATIONAL_MARK = { header: 'Tidings-Operational', value: '1' } as const;
