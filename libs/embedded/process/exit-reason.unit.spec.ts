import { exitReason } from './exit-reason.js';

describe('the reason why a program ended', () => {
  it.each([
    ['it said nothing', '', undefined],
    [
      'an app said it in one line, among its logs',
      '{"level":30,"msg":"hello"}\nadmin-api could not start: no database.\n{"level":30,"msg":"bye"}\n',
      'admin-api could not start: no database.',
    ],
    [
      'an error was not caught',
      `file:///app/main.js:3\nthrow new TypeError('x');\n^\n\nTypeError: x is not a teapot\n    at file:///app/main.js:3:7\n\nNode.js v24.1.0\n`,
      'TypeError: x is not a teapot',
    ],
    [
      'PostgreSQL found its data damaged',
      '2026-01-02 03:04:05.678 UTC [7] PANIC:  could not locate a valid checkpoint record at 0/1\n' +
        '2026-01-02 03:04:05.679 UTC [6] LOG:  aborting startup due to startup process failure\n',
      'could not locate a valid checkpoint record at 0/1',
    ],
    [
      'PostgreSQL only turned clients away before it was killed',
      '2026-01-02 03:04:05.678 UTC [7] LOG:  redo starts at 0/1\n' +
        '2026-01-02 03:04:05.678 UTC [7] FATAL:  the database system is starting up\n',
      undefined,
    ],
    [
      'NATS found its port taken',
      '[8] 2026/01/02 03:04:05.6 [INF] Starting\n[8] 2026/01/02 03:04:05.6 [FTL] Error listening on port: 127.0.0.1:4222\n',
      'Error listening on port: 127.0.0.1:4222',
    ],
    [
      'NATS could not read its configuration',
      'nats-server: /data/nats-server.conf:3:1: Parse error\n',
      '/data/nats-server.conf:3:1: Parse error',
    ],
  ])('is found when %s', (_, output, expected) => {
    expect(exitReason(output)).toBe(expected);
  });
});
