import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TemplateSet } from '../../../workers/template/template.ts';
import { TemplateError } from '../../../workers/template/template-error.ts';
import { anyTable, stringTable, type Value } from '../../../workers/template/value.ts';

function expand(text: string, data?: Value): string {
  const set = new TemplateSet(new Map());
  set.define('t', text);
  return set.expand('t', data);
}

function refusal(text: string, data?: Value): TemplateError {
  try {
    expand(text, data);
  } catch (error) {
    assert.ok(error instanceof TemplateError, String(error));
    return error;
  }
  return assert.fail(`${text} was not refused`);
}

describe('a template is ended', () => {
  test('when it loops for long', () => {
    assert.match(refusal('{{ range 9223372036854775807 }}{{ end }}').reason, /more than 1000000 steps/);
    assert.match(
      refusal('{{ range 2000 }}{{ range 2000 }}{{ end }}{{ end }}').reason,
      /more than 1000000 steps/,
    );
  });

  test('when it writes too much', () => {
    assert.match(
      refusal('{{ range 100000 }}0123456789{{ end }}').reason,
      /writes more than 65536 characters/,
    );
  });

  test('when a text on the way gets too long', () => {
    const doubling = '{{ $x := "xxxxxxxxxx" }}{{ range 100 }}{{ $x = printf "%s%s" $x $x }}{{ end }}';
    assert.match(refusal(doubling).reason, /longer than 65536 characters/);
    assert.match(refusal('{{ printf "%999999d" 1 | len }}').reason, /longer than 65536 characters/);
  });

  test('when it calls itself without end', () => {
    const { reason } = refusal('{{ define "r" }}{{ template "r" . }}{{ end }}{{ template "r" . }}');
    assert.equal(reason, 'exceeded maximum template depth (100)');
  });

  test('before it is executed when it nests too deeply', () => {
    const parentheses = `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`;
    assert.match(refusal(parentheses).reason, /depth exceeded/);
    assert.match(refusal('{{ if true }}'.repeat(5000)).reason, /depth exceeded/);
    assert.match(refusal(`{{ if 0 }}${'{{ else if 0 }}'.repeat(5000)}{{ end }}`).reason, /depth exceeded/);
  });
});

describe('a template reaches nothing but its data:', () => {
  for (const name of [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'size',
    'entries',
  ]) {
    test(`not ${name}`, () => {
      const data = stringTable({ a: '1' });
      assert.equal(expand(`[{{ .${name} }}{{ index . "${name}" }}]`, data), '[]');
      assert.equal(expand(`{{ with .${name} }}there{{ end }}`, anyTable(new Map([['x', data]]))), '');
      assert.match(refusal(`{{ "text".${name} }}`).reason, /unexpected \. after term/);
      assert.match(refusal(`{{ ("text").${name} }}`).reason, /can't evaluate field \w+ in type string/);
      assert.match(refusal(`{{ (1.5).${name} }}`).reason, /can't evaluate field \w+ in type float64/);
      assert.match(refusal(`{{ ${name} }}`).reason, /function "\w+" not defined/);
    });
  }

  test('labels with such names are labels', () => {
    const labels = JSON.parse('{"__proto__": "p", "constructor": "c"}') as Record<string, string>;
    assert.equal(
      expand('{{ .__proto__ }} {{ .constructor }} {{ . }}', stringTable(labels)),
      'p c map[__proto__:p constructor:c]',
    );
  });
});

describe('data', () => {
  test('are the same afterwards', () => {
    const table = stringTable({ a: '1', b: '2' });
    const before = [...table.entries];
    assert.equal(
      expand('{{ $x := . }}{{ $x = "other" }}{{ range $k, $v := . }}{{ $k = "z" }}{{ end }}{{ .a }}', table),
      '1',
    );
    assert.deepEqual([...table.entries], before);
  });

  test('with braces in them are not executed', () => {
    assert.equal(expand('{{ .a }}', stringTable({ a: '{{ 1 }}' })), '{{ 1 }}');
  });
});

describe('an error', () => {
  test('says where it is, counted from 1', () => {
    const { line, column, message } = refusal('one\n é {{ index "abc" 9 }}');
    assert.deepEqual({ line, column }, { line: 2, column: 7 });
    assert.equal(
      message,
      'template: t:2:7: executing "t" at <index "abc" 9>: error calling index: index out of range: 9',
    );
  });

  test('of parsing too', () => {
    const { line, column, reason } = refusal('one\ntwo {{ nope }}');
    assert.deepEqual({ line, column, reason }, { line: 2, column: 8, reason: 'function "nope" not defined' });
  });
});

describe('a set of templates', () => {
  test('lets later definitions take the place of earlier ones, empty ones not', () => {
    const set = new TemplateSet(new Map());
    set.define('a', '{{ define "x" }}first{{ end }}{{ define "y" }}y{{ end }}');
    set.define('b', '{{ define "x" }}second{{ end }}{{ define "y" }} {{/* nothing */}} {{ end }}');
    set.define('t', '{{ template "x" }} {{ template "y" }}');
    assert.equal(set.expand('t', undefined), 'second y');
  });

  test('is not changed through its clone', () => {
    const set = new TemplateSet(new Map());
    set.define('t', 'one');
    set.clone().define('t', 'two');
    assert.equal(set.expand('t', undefined), 'one');
  });
});
