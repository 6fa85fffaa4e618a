/** Of an answer of the sandbox: three texts of at most 1 MiB, and the rest. */
export const MAX_FRAME_BYTES = 4 * 1_048_576;
const MAX_PARTS = 4;

/** The parts of a message, each with its length, behind the length of all. */
export function frameOf(parts: readonly (string | Uint8Array)[]): Buffer {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
  const size = bytes.reduce((sum, part) => sum + 4 + part.length, 0);
  const frame = Buffer.allocUnsafe(4 + size);
  frame.writeUInt32LE(size, 0);
  let at = 4;
  for (const part of bytes) {
    frame.writeUInt32LE(part.length, at);
    frame.set(part, at + 4);
    at += 4 + part.length;
  }
  return frame;
}

/** What a process sends that keeps to no agreement. */
export class BrokenFrame extends Error {
  override readonly name = 'BrokenFrame';
}

/** Puts together what arrives in pieces from a process that may be hostile. */
export class FrameReader {
  private pieces: Buffer[] = [];
  private received = 0;

  /**
   * @returns the parts of a message that is complete; undefined as long as it is not
   * @throws BrokenFrame for more than was agreed
   */
  read(chunk: Buffer): Buffer[] | undefined {
    this.pieces.push(chunk);
    this.received += chunk.length;
    if (this.received < 4) return undefined;
    if ((this.pieces[0]?.length ?? 0) < 4) this.pieces = [Buffer.concat(this.pieces)];
    const size = this.pieces[0]?.readUInt32LE(0) ?? 0;
    if (size > MAX_FRAME_BYTES) throw new BrokenFrame(`A message of ${size} bytes is too long.`);
    if (this.received < 4 + size) return undefined;
    if (this.received > 4 + size) throw new BrokenFrame('There is more than one message.');
    const frame = Buffer.concat(this.pieces);
    this.pieces = [];
    this.received = 0;
    return partsOf(frame);
  }
}

function partsOf(frame: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let at = 4;
  while (at < frame.length) {
    const length = at + 4 <= frame.length ? frame.readUInt32LE(at) : Infinity;
    if (at + 4 + length > frame.length || parts.length === MAX_PARTS)
      throw new BrokenFrame('A message has parts that it cannot have.');
    parts.push(frame.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
