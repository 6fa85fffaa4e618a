import { Problem } from '../problems/problem.js';
import { Guesses, networkOf } from './guesses.js';

describe('wrong keys', () => {
  it('from one address are refused after thirty, and from others are not', () => {
    const guesses = new Guesses();
    for (let i = 0; i < 30; i++) {
      guesses.refuse('192.0.2.1');
      guesses.count('192.0.2.1');
    }
    expect(() => guesses.refuse('192.0.2.1')).toThrow(Problem);
    expect(() => guesses.refuse('192.0.2.2')).not.toThrow();
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::5', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('from %s count for %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
