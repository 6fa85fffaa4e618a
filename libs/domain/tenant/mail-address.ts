/**
 * Narrower than RFC 5321 on purpose: no quoted local part, no comments, no address literals. What is let in is one
 * address wherever a mail program reads it, and can break out of no header.
 */
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const ADDRESS = new RegExp(`^(?=.{1,64}@)${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+${LABEL}$`);
/** RFC 5321, section 4.5.3.1.3, without the angle brackets. */
const MAX_LENGTH = 254;

/** Whether the text is an e-mail address, such as `ops@example.com`, that mail can be sent to. */
export function isMailAddress(text: string): boolean {
  return text.length <= MAX_LENGTH && ADDRESS.test(text);
}
