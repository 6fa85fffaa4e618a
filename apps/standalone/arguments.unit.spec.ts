import { readArguments } from './arguments.js';

describe('the command line of standalone', () => {
  it('starts without the demo unless it is asked for', () => {
    expect(readArguments([])).toEqual({ kind: 'start', demo: false });
    expect(readArguments(['--demo'])).toEqual({ kind: 'start', demo: true });
  });

  it('shows help whatever else is given', () => {
    expect(readArguments(['--dmeo', '--help'])).toEqual({ kind: 'help' });
  });

  it('is refused by the name of what is unknown', () => {
    expect(readArguments(['--demo', '--prot=1'])).toEqual({
      kind: 'refused',
      reason: 'There is no option --prot=1; --demo and --help are all there are.',
    });
  });
});
