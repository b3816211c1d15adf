import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, series } from '../samples.ts';

const all = [series('m', { host: 'db-01.eu', job: 'db' }, [1])];
const named = (expr: string) => instant(all, expr, 0).map(([name]) => name);

const replacements: [string, string][] = [
  [
    'label_replace(m, "n", "$2/$1", "host", "(\\\\w+)-(\\\\d+)\\\\..*")',
    'm{host="db-01.eu",job="db",n="01/db"}',
  ],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Go's way to name a group
  ['label_replace(m, "n", "${zone}!", "host", ".*\\\\.(?P<zone>.*)")', 'm{host="db-01.eu",job="db",n="eu!"}'],
  ['label_replace(m, "n", "$$$1x$9", "job", "(.*)")', 'm{host="db-01.eu",job="db",n="$"}'],
  ['label_replace(m, "n", "x", "host", "db")', 'm{host="db-01.eu",job="db"}'],
  ['label_replace(m, "job", "", "job", ".*")', 'm{host="db-01.eu"}'],
  ['label_replace(m, "n", "none", "missing", "")', 'm{host="db-01.eu",job="db",n="none"}'],
  ['label_join(m, "n", "/", "job", "missing", "host")', 'm{host="db-01.eu",job="db",n="db//db-01.eu"}'],
];

for (const [expr, expected] of replacements) {
  test(`${expr} gives ${expected}`, () => {
    assert.deepEqual(named(expr), [expected]);
  });
}

test('a bad expression and an empty label name are refused', () => {
  assert.throws(() => named('label_replace(m, "n", "x", "host", "(")'), /invalid regular expression/);
  assert.throws(() => named('label_replace(m, "", "x", "host", "a")'), /invalid destination label name/);
  assert.throws(() => named('label_join(m, "n", "/", "")'), /invalid source label name/);
});

test('series that become the same are refused', () => {
  const two = [series('m', { a: '1' }, [1]), series('m', { a: '2' }, [1])];
  assert.throws(() => instant(two, 'label_replace(m, "a", "x", "a", ".*")', 0), /same labelset/);
});
