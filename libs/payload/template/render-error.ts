/** Payloads are at most 1 MiB, and what a format puts around them is short. */
export const MOST_BYTES = 2 * 1024 * 1024;

/** An event cannot be written in a format; the message is a sentence for the record. */
export class RenderError extends Error {
  override readonly name = 'RenderError';

  static tooLarge(): RenderError {
    return new RenderError(`The body would be larger than ${MOST_BYTES} bytes.`);
  }
}
