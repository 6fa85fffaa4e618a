import { natsConfiguration } from './configuration.js';
import { aptConfiguration, mirrorSettings } from './debian-package.js';
import { checksumOf } from './official-release.js';
import { isNewEnough } from './version.js';

describe('the version of a nats-server', () => {
  it.each([
    ['2.14.0', true],
    ['2.14.0-RC.2', true],
    ['2.15.1', true],
    ['3.0.0', true],
    ['2.13.9', false],
    ['2.9.25', false],
    ['1.99.0', false],
  ])('%s is new enough: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe('the checksum of a release', () => {
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
  const list = `${a}  nats-server-v2.15.1-linux-amd64.zip\n${b} *nats-server-v2.15.1-linux-amd64.tar.gz\n`;

  it('is that of the very file', () => {
    expect(checksumOf(list, 'nats-server-v2.15.1-linux-amd64.tar.gz')).toBe(b);
    expect(checksumOf(list, 'nats-server-v2.15.1-linux-amd64')).toBeUndefined();
  });
});

describe('the configuration of apt', () => {
  it('takes over how mirrors are reached, and nothing else', () => {
    const dump = [
      'Acquire "";',
      'Acquire::http::Proxy "http://proxy:3128";',
      'Acquire::https::Proxy::deb.debian.org "DIRECT";',
      'Acquire::http::Timeout "3";',
      'Acquire::Check-Valid-Until "false";',
      'Acquire::AllowInsecureRepositories "true";',
    ].join('\n');
    expect(mirrorSettings(dump).split('\n')).toEqual([
      'Acquire::http::Proxy "http://proxy:3128";',
      'Acquire::https::Proxy::deb.debian.org "DIRECT";',
      'Acquire::Check-Valid-Until "false";',
    ]);
  });

  it('names no folder but its own', () => {
    const folders = aptConfiguration('/work-folder', '').match(/"\/[^"]*"/g) ?? [];
    expect(folders.length).toBeGreaterThan(4);
    expect(folders.every((folder) => folder.startsWith('"/work-folder'))).toBe(true);
  });
});

describe('the configuration of NATS', () => {
  it('holds paths and passwords with any characters', () => {
    const text = natsConfiguration({ port: 1, user: 'me', password: 'a"b\\c', storeFolder: '/a b/c' });
    expect(text).toContain('password: "a\\"b\\\\c"');
    expect(text).toContain('store_dir: "/a b/c"');
  });
});
