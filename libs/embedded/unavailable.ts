/**
 * A server of ours cannot be had or cannot run here. The message is written for
 * the person at the terminal: one sentence on what is wrong, one on the way out.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
