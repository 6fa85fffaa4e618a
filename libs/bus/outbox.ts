/**
 * Puts off what is to be sent until the end of the event loop's turn. The
 * client writes to its socket once for all that is published in one go; what
 * handlers publish and acknowledge one by one would be a system call each,
 * and those cost more than the rest of publishing (docs/adr/0001).
 */
export class Outbox {
  private sends: (() => void)[] = [];

  /** @param send publishes something; must not throw */
  push(send: () => void): void {
    if (this.sends.push(send) === 1) setImmediate(() => this.flush());
  }

  /** Sends what is there at once. */
  flush(): void {
    const sends = this.sends;
    this.sends = [];
    for (const send of sends) send();
  }
}
