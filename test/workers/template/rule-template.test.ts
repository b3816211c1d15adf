import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expandRuleTemplate, ruleTemplateError } from '../../../workers/template/rule-template.ts';
import { ruleContext } from './example.ts';

describe('a template of a rule', () => {
  test('without actions is the text itself', () => {
    assert.equal(expandRuleTemplate('100% of } { "x"', ruleContext), '100% of } { "x"');
  });

  test('that fails becomes the text of the error', () => {
    assert.equal(
      expandRuleTemplate('{{ query "boom" }}', ruleContext),
      '<error expanding template: error executing template __alert_A: template: __alert_A:1:115: ' +
        'executing "__alert_A" at <query "boom">: error calling query: bad>',
    );
    assert.equal(
      expandRuleTemplate('{{ nope }}', ruleContext),
      '<error expanding template: error parsing template __alert_A: template: __alert_A:1: function "nope" not defined>',
    );
  });

  test('is expanded anew for each alert', () => {
    const values = [1, 2].map((value) => expandRuleTemplate('{{ $value }}', { ...ruleContext, value }));
    assert.deepEqual(values, ['1', '2']);
  });

  test('takes values that are no numbers as Go prints them', () => {
    const expand = (value: number) =>
      expandRuleTemplate('{{ $value }} {{ humanize $value }} {{ humanizeDuration $value }}', {
        ...ruleContext,
        value,
      });
    assert.equal(expand(Number.NaN), 'NaN NaN NaN');
    assert.equal(expand(Number.NEGATIVE_INFINITY), '-Inf -Inf -Inf');
  });

  test('takes label values of any text', () => {
    const odd = `"}}{{ 1 }}\n<script>\u0000\ud83d${'x'.repeat(10_000)}`;
    assert.equal(expandRuleTemplate('[{{ $labels.a }}]', { ...ruleContext, labels: { a: odd } }), `[${odd}]`);
  });

  test('knows its error texts by the name of each alert', () => {
    const named = (alertName: string) => expandRuleTemplate('{{ nope }}', { ...ruleContext, alertName });
    assert.match(named('One'), /__alert_One:1: function/);
    assert.match(named('Two'), /__alert_Two:1: function/);
  });
});

describe('a rule file is told', () => {
  test('nothing of templates that can be parsed, even if they would fail later', () => {
    for (const text of [
      'plain',
      '{{ $labels.a }}',
      '{{ $value | humanize }}',
      '{{ .Nope }}',
      '{{ template "x" }}',
    ])
      assert.equal(ruleTemplateError(text), null);
  });

  test('what cannot be parsed and where, as the user wrote it', () => {
    assert.deepEqual(ruleTemplateError('a {{ nope }}'), {
      message: 'function "nope" not defined',
      line: 1,
      column: 6,
    });
    assert.deepEqual(ruleTemplateError('a\nb {{ $nope }}'), {
      message: 'undefined variable "$nope"',
      line: 2,
      column: 6,
    });
    assert.equal(ruleTemplateError('{{ if true }}')?.message, 'unexpected EOF');
    assert.deepEqual(ruleTemplateError('{{'), { message: 'unclosed action', line: 1, column: 3 });
  });
});
