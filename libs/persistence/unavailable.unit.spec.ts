import { QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isUnavailable } from './unavailable.js';

describe('PostgreSQL cannot serve now', () => {
  it.each([
    new QueryRunnerAlreadyReleasedError(),
    new QueryRunnerProviderAlreadyReleasedError(),
    new Error('Connection terminated unexpectedly'),
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('stopping'), { code: '57P01' }),
  ])('when it says %s', (error) => expect(isUnavailable(error)).toBe(true));

  it.each([new Error('null value'), Object.assign(new Error('twice'), { code: '23505' }), null, 'text'])(
    'but not when it says %s',
    (error) => expect(isUnavailable(error)).toBe(false),
  );
});
