import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { NotificationTemplates, notificationData } from '../../../workers/template/notification-template.ts';
import { expandRuleTemplate } from '../../../workers/template/rule-template.ts';
import { externalUrl, notification, nowMs, ruleContext } from './example.ts';

const answers = JSON.parse(readFileSync(new URL('./go-answers.json', import.meta.url), 'utf8')) as {
  rules: [template: string, text: string][];
  notifications: [template: string, text: string, html: string][];
};

const templates = new NotificationTemplates([], () => nowMs);
const data = notificationData(notification, externalUrl);

/** Errors as the program that wrote the answers put them; it gave its default templates no name. */
function answered(expand: () => string): string {
  try {
    return expand();
  } catch (error) {
    return `ERR ${(error as Error).message.replace('template: default.tmpl:', 'template: :')}`;
  }
}

/** Those that differ, with both texts. */
function differing(
  rows: readonly (readonly [template: string, expected: string])[],
  expand: (template: string) => string,
) {
  return rows
    .map(([template, expected]) => ({ template, expected, actual: expand(template) }))
    .filter(({ expected, actual }) => expected !== actual);
}

describe('templates give what Go gives', () => {
  test('for rules, as Prometheus 3.14 expands them', () => {
    assert.ok(answers.rules.length > 150);
    assert.deepEqual(
      differing(answers.rules, (template) => expandRuleTemplate(template, ruleContext)),
      [],
    );
  });

  test('for notifications as text', () => {
    assert.ok(answers.notifications.length > 30);
    const rows = answers.notifications.map(([template, text]) => [template, text] as const);
    assert.deepEqual(
      differing(rows, (template) => answered(() => templates.text(template, data))),
      [],
    );
  });

  test('for notifications as HTML, values escaped for their places', () => {
    const rows = answers.notifications.map(([template, , html]) => [template, html] as const);
    assert.deepEqual(
      differing(rows, (template) => answered(() => templates.html(template, data))),
      [],
    );
  });
});
