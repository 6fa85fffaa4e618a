import { FAILURES_TO_DISABLE, FailingTransforms } from './failing-transforms.js';

const webhook = { id: 'wh_1', version: 1 };
/** After how many of these runs it is said that the webhook is to be disabled; 0 when it never is. */
function saidAfter(failing: FailingTransforms, signs: ('ok' | 'failed')[], of = webhook): number {
  return signs.findIndex((sign) => failing.note(of, sign)) + 1;
}
const failures = (count: number) => Array.from({ length: count }, () => 'failed' as const);

describe('a webhook whose transform fails', () => {
  it('is to be disabled after twenty runs in a row, and not after less', () => {
    expect(saidAfter(new FailingTransforms(), failures(30))).toBe(20);
    expect(saidAfter(new FailingTransforms(), failures(FAILURES_TO_DISABLE - 1))).toBe(0);
  });

  it('has what came before a good run not held against it', () => {
    expect(saidAfter(new FailingTransforms(), [...failures(19), 'ok', ...failures(19)])).toBe(0);
  });

  it('begins anew when it was changed', () => {
    const failing = new FailingTransforms();
    expect(saidAfter(failing, failures(19))).toBe(0);
    expect(saidAfter(failing, failures(19), { ...webhook, version: 2 })).toBe(0);
    expect(saidAfter(failing, failures(1), { ...webhook, version: 2 })).toBe(1);
  });

  it('is said again after as many more, for the one who disables it may have been away', () => {
    const failing = new FailingTransforms();
    expect(saidAfter(failing, failures(20))).toBe(20);
    expect(saidAfter(failing, failures(20))).toBe(20);
  });

  it('says nothing of another webhook', () => {
    const failing = new FailingTransforms();
    saidAfter(failing, failures(19));
    expect(failing.note({ id: 'wh_2', version: 1 }, 'failed')).toBe(false);
  });
});
