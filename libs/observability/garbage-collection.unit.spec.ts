import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { APP_OPTIONS, FLAGS, tuneGarbageCollection } from './garbage-collection.js';

const run = promisify(execFile);

describe('the flags for garbage collection', () => {
  it.each([...FLAGS, ...APP_OPTIONS])('%s is one that this version of Node.js knows', async (flag) => {
    await expect(run(process.execPath, [flag, '--eval', '0'])).resolves.toBeDefined();
    await expect(run(process.execPath, [flag.replace('--', '--not-'), '--eval', '0'])).rejects.toThrow(
      'bad option',
    );
  });

  it('can be set when the process runs', () => {
    expect(tuneGarbageCollection).not.toThrow();
  });
});
