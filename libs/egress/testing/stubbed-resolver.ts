import type { lookup, LookupAddress } from 'node:dns';

type Answered = (error: Error | null, all: LookupAddress[]) => void;

/**
 * A resolver for specs.
 *
 * @param answer the addresses of a name, at each look-up
 */
export function stubbedResolver(answer: (name: string) => string[]) {
  const asked: string[] = [];
  const resolve = (name: string, _options: object, callback: Answered) => {
    asked.push(name);
    const all = answer(name).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(callback, null, all);
  };
  /** The names that were looked up, each time. */
  return { asked, resolve: resolve as unknown as typeof lookup };
}
