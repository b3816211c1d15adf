import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Labels } from '../../../workers/promql/index.ts';
import { LabelOverlap } from '../../../workers/rules/label-overlap.ts';

describe('labels fit', () => {
  type Tags = Record<string, string>;
  const cases: [all: Tags[], asked: Tags, except: string[], fits: boolean][] = [
    [[], { a: '1' }, [], false],
    [[{}], { a: '1' }, [], true],
    [[{ a: '1' }], {}, [], true],
    [[{ a: '1' }], { a: '1', b: '2' }, [], true],
    [[{ a: '1' }], { a: '2', b: '2' }, [], false],
    [[{ a: '1' }, { a: '2' }], { a: '2', b: '2' }, [], true],
    [[{ a: '1', b: '3' }], { a: '1', b: '2' }, [], false],
    [[{ a: '1', b: '3' }], { a: '1', b: '2' }, ['b'], true],
    [[{ a: '1' }, { b: '2' }], { a: '9', b: '2' }, [], true],
    [[{ __name__: 'm', a: '1' }], { __name__: 'n', a: '1' }, [], true],
    [[{ a: '1' }], { a: '' }, [], true],
  ];
  for (const [all, asked, except, fits] of cases) {
    test(`${JSON.stringify(all)} and ${JSON.stringify(asked)} but ${JSON.stringify(except)}: ${fits}`, () => {
      const overlap = new LabelOverlap(all.map((record) => Labels.of(record)));
      assert.equal(overlap.fits(asked, new Set(except)), fits);
      assert.equal(overlap.fits(asked, new Set(except)), fits);
    });
  }
});
