import { z } from 'zod';
import { BUILT_IN_FORMATS, FORMAT_LIMITS, SIGNATURE_ENCODINGS, SIGNATURE_SCHEMES } from '#domain';

const L = FORMAT_LIMITS;
const text = ({ min, max }: { min: number; max: number }) => z.string().min(min).max(max);

const builtIn = z.enum(BUILT_IN_FORMATS);

const customFormat = z.strictObject({
  body: text(L.body).describe('Template of the body.'),
  headers: z
    .record(z.string(), text(L.header))
    .refine((headers) => Object.keys(headers).length <= L.headers, {
      error: `must have at most ${L.headers} headers`,
    })
    .default(() => ({}))
    .describe('Templates of headers. They are shown: what is secret belongs in `headers` of the webhook.'),
  signature: z
    .strictObject({
      scheme: z.enum(SIGNATURE_SCHEMES).default('hmac-sha256'),
      header: z.string(),
      prefix: text(L.prefix).default('').describe('Stands before the signature, such as `sha256=`.'),
      content: text(L.content).describe('Template of what is signed.'),
      encoding: z.enum(SIGNATURE_ENCODINGS).default('hex'),
    })
    .nullable()
    .default(null)
    .describe('null for the one of Standard Webhooks.'),
});

const error = `must be an object, or one of ${BUILT_IN_FORMATS.join(', ')}`;
const described =
  'What requests look like: the name of a built-in format, or one of your own. ' +
  'This version can send `standard` only: with another one, attempts fail without a request.';

export const format = z.union([builtIn, customFormat], { error }).describe(described);

/** In a merge patch: members of an object merge with those that there are. */
export const formatPatch = z
  .union([builtIn, z.record(z.string(), z.unknown())], { error })
  .nullable()
  .describe(`${described} An object is merged with the one that there is.`);
