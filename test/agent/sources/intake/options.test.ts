import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intakeOptions } from '../../../../agent/sources/intake/options.ts';

test('the intake is on by default', () => {
  assert.deepEqual(intakeOptions.parse(undefined), {
    hashUsers: true,
    slowQuery: 500,
    sessionIdle: 1_800_000,
  });
});

test('false switches it off', () => {
  assert.equal(intakeOptions.parse(false), false);
});

test('durations are given with their unit', () => {
  const options = intakeOptions.parse({ slowQuery: '2s', sessionIdle: '5m' });
  assert.deepEqual(options, { hashUsers: true, slowQuery: 2000, sessionIdle: 300_000 });
});

test('a host without a port is refused', () => {
  const { error } = intakeOptions.safeParse({ host: '0.0.0.0' });
  assert.deepEqual(
    error?.issues.map(({ path, message }) => [path, message]),
    [[['host'], 'host needs port beside it']],
  );
});
