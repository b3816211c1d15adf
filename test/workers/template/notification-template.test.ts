import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Notification } from '../../../workers/contract/alerts.ts';
import { NotificationTemplates, notificationData } from '../../../workers/template/notification-template.ts';
import { TemplateError } from '../../../workers/template/template-error.ts';
import { externalUrl, notification } from './example.ts';

const data = notificationData(notification, externalUrl);
const templates = new NotificationTemplates([]);

describe('the default templates', () => {
  test('have a subject as Alertmanager writes it', () => {
    assert.equal(templates.text('{{ template "__subject" . }}', data), '[FIRING:1] High (critical)');
    const resolved = notificationData({ ...notification, status: 'resolved' }, externalUrl);
    assert.equal(templates.text('{{ template "__subject" . }}', resolved), '[RESOLVED] High (critical)');
  });

  test('tell cause and reach in Slack', () => {
    assert.equal(
      templates.text('{{ template "slack.default.text" . }}', data),
      `a <b>&'"+c\nCause: idle: 3 < 5\nReach: 12 users\nResolved: a <b>&'"+c\n`,
    );
  });

  test('tell cause, reach and labels to PagerDuty', () => {
    const text = templates.text('{{ template "pagerduty.default.instances" .Alerts.Firing }}', data);
    for (const part of [
      'Cause: idle: 3 < 5',
      'Reach: 12 users',
      ' - severity = critical',
      'Source: javascript:',
    ])
      assert.ok(text.includes(part), text);
  });

  test('are all there under the names that files call', () => {
    const names = [
      ...['__alertmanager', '__alertmanagerURL', '__subject', '__description'],
      ...[
        'title',
        'username',
        'fallback',
        'callbackid',
        'pretext',
        'titlelink',
        'iconemoji',
        'iconurl',
        'text',
        'footer',
      ].map((name) => `slack.default.${name}`),
      ...['description', 'client', 'clientURL'].map((name) => `pagerduty.default.${name}`),
      ...['subject', 'html'].map((name) => `email.default.${name}`),
    ];
    for (const name of names) {
      const call = `{{ template "${name}" . }}`;
      assert.doesNotMatch(
        templates.text(call, data) + templates.html(call, data),
        /no value|ZgotmplZ.*ZgotmplZ/,
        name,
      );
    }
    for (const name of ['__text_alert_list', '__text_alert_list_markdown', 'pagerduty.default.instances'])
      assert.match(templates.text(`{{ template "${name}" .Alerts }}`, data), /Cause: idle/);
  });

  test('make an e-mail in which no label is markup and no link runs code', () => {
    const html = templates.html('{{ template "email.default.html" . }}', data);
    assert.ok(html.includes('queue = &lt;script&gt;alert(1)&lt;/script&gt;'), html);
    assert.ok(html.includes('Cause: idle: 3 &lt; 5'), html);
    assert.ok(html.includes('<a href="#ZgotmplZ">Source</a>'), html);
    assert.ok(html.includes('href="http://g/?q=a%20b&amp;c=%27d%27"'), html);
    assert.doesNotMatch(html, /<script|javascript:/);
  });

  test('are enough for a thousand alerts', () => {
    const alerts = Array.from({ length: 1000 }, (_, index) => ({
      ...notification.alerts[0]!,
      labels: { ...notification.alerts[0]!.labels, index: String(index) },
    }));
    const many = notificationData({ ...notification, alerts } as Notification, externalUrl);
    assert.match(templates.html('{{ template "email.default.html" . }}', many), /index = 999<br>/);
  });
});

describe("a user's templates", () => {
  test('take the place of the default ones and can be called', () => {
    const own = new NotificationTemplates([
      {
        name: 'a.tmpl',
        text: '{{ define "slack.default.title" }}mine{{ end }}{{ define "team" }}T{{ end }}',
      },
      { name: 'b.tmpl', text: '{{ define "team" }}{{ .Receiver }}{{ end }}' },
    ]);
    assert.equal(
      own.text('{{ template "slack.default.title" . }} {{ template "team" . }}', data),
      'mine team\\.x',
    );
    assert.equal(own.html('<b>{{ template "team" . }}</b>', data), '<b>team\\.x</b>');
  });

  test('that cannot be parsed are refused with file, line and column', () => {
    assert.throws(
      () => new NotificationTemplates([{ name: 'a.tmpl', text: 'x\n {{ nope }}' }]),
      (error: unknown) => {
        assert.ok(error instanceof TemplateError);
        assert.equal(error.message, 'template: a.tmpl:2: function "nope" not defined');
        assert.deepEqual([error.line, error.column], [2, 5]);
        return true;
      },
    );
  });

  test('do not see texts of options that were expanded before', () => {
    assert.equal(templates.text('{{ define "leak" }}x{{ end }}{{ template "leak" }}', data), 'x');
    assert.throws(() => templates.text('{{ template "leak" }}', data), /template "leak" not defined/);
  });
});

describe('values in HTML', () => {
  test('never become markup, whatever their place', () => {
    const evil = `"'><script>alert(1)</script> javascript:x onload=y \`{{ --></style></title>`;
    const labels = { evil };
    const alerts = [{ ...notification.alerts[0]!, labels }];
    const own = notificationData({ ...notification, groupLabels: labels, alerts } as Notification, evil);
    // With what must not be in the value there.
    const places: [place: string, harm: RegExp][] = [
      ['<p>@</p>', /[<>]/],
      ['<p title="@">', /[<>"]/],
      ["<p title='@'>", /[<>']/],
      ['<p title=@>', /[<>"'`=\s]/],
      ['<a href="@">', /[<>"]|^javascript/],
      ['<a href=@>', /[<>"'\s]|^javascript/],
      ['<a href="/x?q=@">', /[<>"&]/],
      ['<div style="color: @">', /[<>";(]/],
      ['<style>p { color: @ }</style>', /[<>;(]/],
      ['<script>x = @;</script>', /[<>]/],
      ['<script>x = "@";</script>', /[<>"]/],
      ['<p onclick="f(@)">', /[<>"]/],
      ['<title>@</title>', /[<>]/],
      ['<textarea>@</textarea>', /[<>]/],
      ['<p @>', /[^A-Za-z]/],
    ];
    for (const [place, harm] of places) {
      const html = templates.html(place.replace('@', '{{ .GroupLabels.evil }}'), own);
      const [before, after] = place.split('@') as [string, string];
      assert.ok(html.startsWith(before) && html.endsWith(after), html);
      assert.doesNotMatch(html.slice(before.length, html.length - after.length), harm, `${place}: ${html}`);
    }
    assert.equal(templates.html('a<!-- {{ .GroupLabels.evil }} -->b', own), 'ab');
  });
});
