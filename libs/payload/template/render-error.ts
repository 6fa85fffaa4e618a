/** Payloads are at most 1 MiB, and what a format puts around them is short. */
export const MOST_BYTES = 2 * 1024 * 1024;

/**
 * Characters that the templates of one request may go through, eight times the largest payload: many filters
 * over large data would hold up everything else in the process, for minutes at the bounds that templates have.
 */
export const MOST_WORK = 8 * 1024 * 1024;

/** An event cannot be written in a format; the message is a sentence for the record. */
export class RenderError extends Error {
  override readonly name = 'RenderError';

  static tooLarge(): RenderError {
    return new RenderError(`The body would be larger than ${MOST_BYTES} bytes.`);
  }

  static tooMuchWork(): RenderError {
    return new RenderError(
      `The templates would go through more than ${MOST_WORK} characters: too many filters for data of this size.`,
    );
  }
}
