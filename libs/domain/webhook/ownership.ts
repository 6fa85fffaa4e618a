/**
 * How a receiver is asked whether it wants events, before it is sent any:
 * - `handshake`: OPTIONS, as CloudEvents HTTP Webhook 1.0.2, section 4, has it
 * - `challenge`: a signed POST whose answer must hold what it asks for
 */
export const OWNERSHIP_CHECKS = ['handshake', 'challenge'] as const;
export type OwnershipCheck = (typeof OWNERSHIP_CHECKS)[number];

/**
 * Whether the receiver at a webhook's URL has agreed. It belongs to the URL:
 * with another URL it begins anew, as the tenant wants it then.
 *
 *   asked --> proven
 */
export interface Ownership {
  check: OwnershipCheck;
  /** When the receiver agreed, milliseconds since 1970; null before. Nothing is sent then. */
  proven_at: number | null;
  /** Under which name of ours it agreed: each request says it. Null where no name was asked about. */
  origin: string | null;
  /** Requests a minute that it allows; null for any number. */
  allowed_per_minute: number | null;
}

/** What a receiver agreed to. */
export interface Agreement {
  check: OwnershipCheck;
  /** What was asked; one who changed the URL meanwhile has proven nothing. */
  url: string;
  origin: string | null;
  allowed_per_minute: number | null;
}

/** Whether its receiver must agree first. */
export function awaitsProof({ ownership }: { ownership: Ownership | null }): boolean {
  return ownership !== null && ownership.proven_at === null;
}
