import { z } from 'zod';
import {
  BUILT_IN_FORMATS,
  FORMAT_LIMITS,
  HMAC_SCHEMES,
  SIGNATURE_ENCODINGS,
  type CustomFormat,
  type PayloadFormat,
} from '#domain';
import { formatTemplateFaults } from '#payload';

const L = FORMAT_LIMITS;
const text = ({ min, max }: { min: number; max: number }) => z.string().min(min).max(max);

const builtIn = z.enum(BUILT_IN_FORMATS);

const asymmetricSignature = z
  .strictObject({ scheme: z.literal('v1a') })
  .describe(
    'Standard Webhooks with ed25519: `webhook-signature` has `v1a` beside `v1`. ' +
      'Receivers read the public keys at `/webhooks/{id}/jwks.json`.',
  );

const hmacSignature = z
  .strictObject({
    scheme: z.enum(HMAC_SCHEMES).default('hmac-sha256'),
    header: z.string().describe('The header that carries it.'),
    prefix: text(L.prefix)
      .default('')
      .describe(
        'Stands before the signature, such as `sha256=` or `t={{timestamp}},v1=`. With a comma in it, what ' +
          'follows the last one is repeated for each secret; without one, only the newest secret signs here.',
      ),
    content: text(L.content).describe(
      'Template of what is signed, such as `{{timestamp}}.{{body}}`. ' +
        'Variables: `id`, `delivery_id`, `type`, `timestamp`, `timestamp_ms`, `body`.',
    ),
    encoding: z.enum(SIGNATURE_ENCODINGS).default('hex'),
  })
  .describe('As other systems sign; its key is the UTF-8 text of the secret.');

/** A template that cannot be read, or that is JSON for some events only. */
function checkTemplates(format: CustomFormat, context: z.RefinementCtx): void {
  for (const { path, message } of formatTemplateFaults(format)) {
    const [, member = '', name] = /^format\.(body|headers)\.?(.*)$/s.exec(path) ?? [];
    context.addIssue({ code: 'custom', message, path: name ? [member, name] : [member] });
  }
}

const customFormat = z
  .strictObject({
    body: text(L.body)
      .nullable()
      .default(null)
      .describe(
        'Template of the body, JSON in which `{{data.id}}` stands for values; null for the one of `standard`.',
      ),
    headers: z
      .record(z.string(), text(L.header))
      .refine((headers) => Object.keys(headers).length <= L.headers, {
        error: `must have at most ${L.headers} headers`,
      })
      .default(() => ({}))
      .describe(
        'Templates of headers. A `Content-Type` among them says what the body is, JSON where there is none. ' +
          'They are shown: what is secret belongs in `headers` of the webhook.',
      ),
    signature: z
      .discriminatedUnion('scheme', [asymmetricSignature, hmacSignature])
      .nullable()
      .default(null)
      .describe('Beside the `v1` of Standard Webhooks, which is in every request; null for that one alone.'),
  })
  .superRefine(checkTemplates);

const error = `must be an object, or one of ${BUILT_IN_FORMATS.join(', ')}`;
const described =
  'What requests look like: the name of a built-in format, or one of your own (docs/payloads.md).';

export const format = z.union([builtIn, customFormat], { error }).describe(described);

/** In a merge patch: members of an object merge with those that there are. */
export const formatPatch = z
  .union([builtIn, z.record(z.string(), z.unknown())], { error })
  .nullable()
  .describe(`${described} An object is merged with the one that there is.`);

/**
 * The format that a merge patch is merged with. A signature of another kind
 * replaces the one there is: merged, it would keep members that the new kind
 * has not.
 */
export function formatToPatch(current: PayloadFormat, patch: unknown): PayloadFormat {
  if (typeof current === 'string' || current.signature === null) return current;
  const wanted = (patch as { signature?: { scheme?: unknown } | null } | null | undefined)?.signature?.scheme;
  if (wanted === undefined || (wanted === 'v1a') === (current.signature.scheme === 'v1a')) return current;
  return { ...current, signature: null };
}
