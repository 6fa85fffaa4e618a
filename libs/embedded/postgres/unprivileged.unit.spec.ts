import { chooseAccount, readAccounts } from './unprivileged.js';

describe('the account as which PostgreSQL runs when root starts it', () => {
  it('is nobody, or else any that is not root', () => {
    const accounts = readAccounts(
      'root:x:0:0::/root:/bin/sh\nme:x:1000:1001::/home/me:/bin/sh\nnobody:x:99:98::/:\n',
    );
    expect(chooseAccount(accounts)).toEqual({ name: 'nobody', uid: 99, gid: 98 });
    expect(chooseAccount(accounts.slice(0, 2))).toEqual({ name: 'me', uid: 1000, gid: 1001 });
    expect(chooseAccount(accounts.slice(0, 1))).toBeUndefined();
  });

  it('is read over lines that are none', () => {
    expect(readAccounts('# a comment\n\n+::::::\n')).toEqual([]);
  });
});
