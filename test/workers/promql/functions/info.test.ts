import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, series } from '../samples.ts';

const identity = { job: 'api', instance: 'a' };
const all = [
  series('m', identity, [1]),
  series('m', { job: 'api', instance: 'b' }, [2]),
  series('target_info', { ...identity, version: '3', zone: 'eu' }, [1]),
  series('build_info', { ...identity, commit: 'c0ffee' }, [1]),
];
const named = (expr: string) => instant(all, expr, 0).map(([name]) => name);

test('labels of target_info with the same job and instance are added', () => {
  assert.deepEqual(named('info(m)'), [
    'm{instance="a",job="api",version="3",zone="eu"}',
    'm{instance="b",job="api"}',
  ]);
});

test('only the labels that were asked for are added', () => {
  assert.deepEqual(named('info(m, {zone=""})')[0], 'm{instance="a",job="api"}');
  assert.deepEqual(named('info(m, {zone=~".*"})')[0], 'm{instance="a",job="api",zone="eu"}');
});

test('a series is left out when it has no info that is asked for', () => {
  assert.deepEqual(named('info(m, {version=~".+"})'), ['m{instance="a",job="api",version="3"}']);
});

test('another info metric is named in the selector', () => {
  const [first] = named('info(m, {__name__="build_info"})');
  assert.equal(first, 'm{commit="c0ffee",instance="a",job="api"}');
});
