import { maskAnswer, textsToMask } from './mask-answer.js';

const answer = (body: string, headers: Record<string, string> = {}) => ({
  status: 200,
  headers,
  body,
  truncated: false,
});

describe('an answer that repeats credentials', () => {
  it('is kept with masks in their place, in headers and body', () => {
    const texts = textsToMask(['s3cret-token']);
    expect(
      maskAnswer(answer('you sent s3cret-token and s3cret-token', { echo: 'Bearer s3cret-token' }), texts),
    ).toEqual(answer('you sent ******** and ********', { echo: 'Bearer ********' }));
  });

  it('is masked where JSON writes them with escapes too', () => {
    const texts = textsToMask(['pass"word\\']);
    expect(maskAnswer(answer(JSON.stringify({ password: 'pass"word\\' })), texts).body).toBe(
      '{"password":"********"}',
    );
  });

  it('is masked as a whole where one secret holds another', () => {
    expect(maskAnswer(answer('abcd-and-more'), textsToMask(['abcd', 'abcd-and-more'])).body).toBe('********');
  });

  it('keeps its text where a secret is too short to be one', () => {
    expect(maskAnswer(answer('1 of 11'), textsToMask(['1'])).body).toBe('1 of 11');
  });
});
