import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressProblem,
  changedAddress,
  formatAddress,
  parseAddress,
} from '../../../../agent/http/dashboard/address.ts';

const lastHour = { kind: 'last', ms: 3_600_000 } as const;

test('an address names view, range, the earlier time beside it and what the view keeps', () => {
  assert.deepEqual(parseAddress('#/routes?range=6h&compare=7d&route=%2Fdeals%2F%3Aid'), {
    view: 'routes',
    range: { kind: 'last', ms: 6 * 3_600_000 },
    compare: '7d',
    params: { route: '/deals/:id' },
  });
});

test('what makes no sense in an address is as if it were not there', () => {
  for (const hash of ['', '#', '#/', '#/overview?range=soon&compare=never', '#/overview?from=x&to=y']) {
    assert.deepEqual(parseAddress(hash), { view: 'overview', range: lastHour, compare: 'none', params: {} });
  }
});

test('an address comes back as it was written, whatever its params hold', () => {
  const address = {
    view: 'errors',
    range: { kind: 'fixed', fromMs: 1_700_000_000_000, toMs: 1_700_000_123_456 },
    compare: '1d',
    params: { __proto_: 'x', filter: 'a&b=c #?%+ <script>', ü: '‮rtl' },
  } as const;
  assert.deepEqual(parseAddress(formatAddress(address)), address);
});

test('times and paths stay readable in an address', () => {
  const range = { kind: 'fixed', fromMs: 0, toMs: 60_000 } as const;
  assert.equal(
    formatAddress({ view: 'routes', range, compare: 'none', params: { route: '/a/:id' } }),
    '#/routes?from=1970-01-01T00:00:00Z&to=1970-01-01T00:01:00Z&route=/a/:id',
  );
});

test('another view keeps the range and leaves the params of this one behind', () => {
  const before = parseAddress('#/routes?range=6h&compare=1d&route=x');
  const after = changedAddress(before, { view: 'errors', params: { group: 'y' } });
  assert.deepEqual(after, { ...before, view: 'errors', params: { group: 'y' } });
});

test('a change within a view keeps the other params, and null takes one away', () => {
  const before = parseAddress('#/routes?route=x&filter=y');
  assert.deepEqual(changedAddress(before, { params: { route: null, order: 'p95' } }).params, {
    filter: 'y',
    order: 'p95',
  });
});

test('what makes no sense in an address is said', () => {
  const problemOf = (hash: string) => addressProblem(hash, ['overview', 'routes']);
  for (const hash of [
    '',
    '#/',
    '#/routes',
    '#/overview?range=6h&compare=7d',
    '#/?from=2026-01-01&to=2026-01-02',
  ])
    assert.equal(problemOf(hash), undefined, hash);
  assert.equal(problemOf('#/nonsense'), 'There is no view “nonsense”.');
  assert.equal(problemOf('#/routes?range=banana'), '“banana” is no time range such as 15m, 24h or 7d.');
  assert.equal(
    problemOf('#/routes?from=2026-01-02'),
    '“2026-01-02 to ” is no time range such as 15m, 24h or 7d.',
  );
  assert.equal(problemOf('#/routes?compare=never'), '“never” is no earlier time: 1d and 7d are.');
});
