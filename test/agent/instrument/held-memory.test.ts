import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import '../../support/watchdog.ts';

const script = fileURLToPath(new URL('held-memory.ts', import.meta.url));
const fillings = ['one route', 'unique users', 'unique routes', 'long texts'];
fillings.push('long texts of two bytes a character', 'errors of many places', 'sockets');

for (const filling of fillings) {
  test(`about 1 MB is held at most: ${filling}`, async () => {
    const options = ['--expose-gc', '--import', 'tsx', script, filling];
    const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 110_000 });
    const bytes = Number(stdout);
    assert.ok(bytes > 100_000 && bytes < 1_400_000, `${stdout} bytes`);
  });
}
