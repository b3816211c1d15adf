import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { expandRuleTemplate, type RuleTemplateContext } from '../../../workers/template/rule-template.ts';

const labels = {
  __name__: 'queue_waiting',
  queue: 'mail',
  host: 'db1.example.com:9100',
  odd: 'a "b" {c}\n<d> é',
};

const context: RuleTemplateContext = {
  alertName: 'Waiting',
  labels,
  value: 1234.5678,
  externalLabels: { region: 'eu' },
  externalUrl: 'http://prometheus.example/sub',
  timeMs: 0,
  query(expr) {
    assert.equal(expr, 'other');
    return [
      { labels: { __name__: 'other', n: '2' }, value: 0.125 },
      { labels: { __name__: 'other', n: '1' }, value: 7_000_000 },
    ];
  },
};

/** Those that Prometheus 2.42 and 3 expand alike, error texts too. It gives the series of a query in any order. */
const templates = [
  'plain text with } and { and %d',
  '{{ $value }} {{ .Value }} {{ $labels.queue }} {{ .Labels.host }} {{ $labels.missing }}|',
  '{{ $externalLabels.region }} {{ $externalURL }} {{ $labels.odd }}',
  '{{ humanize $value }} {{ humanize1024 $value }} {{ humanizeDuration $value }} {{ humanizePercentage $value }}',
  '{{ humanize 0 }} {{ humanize 0.00001234 }} {{ humanize -1e15 }} {{ humanize1024 1e15 }} {{ humanize "12.5" }}',
  '{{ humanizeDuration 0.00321 }} {{ humanizeDuration 59.99 }} {{ humanizeDuration 86461 }} {{ humanizeDuration -75 }}',
  '{{ humanizeTimestamp 1435065584.128 }} {{ (toTime 1435065584).Format "2006-01-02T15:04" }} {{ toTime 0.5 }}',
  '{{ printf "%.2f|%8.1f|%-8.1f|%e|%g|%v" $value $value $value $value $value $value }}',
  '{{ printf "%d %s %q %x %T %t %5d|%-5d|%05d" 42 "s" "q\\"" 255 1.5 true 7 7 7 }} {{ printf "%d %s" "x" 1 }}',
  '{{ printf "%d" }} {{ printf "a" 1 }} {{ printf "%v" $labels }} {{ print 1 2 "a" 3 }} {{ println "x" }}|',
  '{{ range query "other" | sortByLabel "n" }}{{ .Labels.n }}={{ .Value }};{{ end }}{{ len (query "other") }}',
  '{{ with query "other" | sortByLabel "n" }}{{ . | first | value | humanize }} {{ . | first | label "n" }}{{ end }}',
  '{{ if gt $value 1000.0 }}high{{ else if gt $value 100.0 }}middle{{ else }}low{{ end }} {{ if eq $labels.queue "a" "mail" }}yes{{ end }}',
  '{{ and 1 0 }} {{ or "" "x" }} {{ not true }} {{ len $labels.odd }} {{ index $labels "queue" }} {{ slice "abcdef" 1 3 }}',
  '{{ toUpper "abc" }} {{ toLower "ABC" }} {{ title "hello world" }} {{ html "<a>" }} {{ js "it\'s" }} {{ urlquery "a b&c" }}',
  '{{ match "^db[0-9]" $labels.host }} {{ reReplaceAll "(.*):\\\\d+" "$1!" $labels.host }} {{ reReplaceAll "[aeiou]" "" "education" }}',
  '{{ stripPort $labels.host }} {{ stripDomain $labels.host }} {{ graphLink "up == 0" }} {{ tableLink "up" }}',
  '{{ parseDuration "1h30m" }} {{ args 1 "b" }} {{ define "t" }}<{{ .arg1 }}>{{ end }}{{ template "t" (args 1 "b") }}',
  'a {{- " b " -}} c {{/* no */}} {{ $x := 1 }}{{ range $i, $v := args "p" "q" }}{{ $i }}={{ $v }}{{ $x = $v }} {{ end }}{{ $x }}',
  '{{ "\\u00e9\\t`" }} {{ `raw\\n` }} {{ \'a\' }} {{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ 1e6 }} {{ 123456789.0 }} {{ .5 }} {{ true }}',
  '{{ range $k, $v := $labels }}{{ $k }} {{ end }}{{ range query "other" }}{{ if eq .Labels.n "1" }}{{ continue }}{{ end }}{{ .Value }}{{ end }}',
  '{{ $labels.queue.x }}',
  '{{ first (slice (query "other") 0 0) }}',
  '{{ humanize "x" }}',
  '{{ lt true false }}',
  '{{ template "none" }}',
  '{{ toUpper 3 }}',
  'line one\n{{ $value }}\n  {{ index "abc" 9 }}',
  '{{ printf "%s" nil }} {{ $labels.Missing }}',
  '{{ label "n" }}',
];

/** Whether promtool finds these annotations on the alert of these templates. */
function promtool(annotations: readonly string[]): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  const named = (texts: readonly string[]) =>
    Object.fromEntries(texts.map((text, index) => [`a${index}`, text]));
  const rule = {
    alert: 'Waiting',
    expr: 'queue_waiting',
    labels: { severity: '{{ $labels.queue }}-{{ printf "%.0f" $value }}' },
    annotations: named(templates),
  };
  const { __name__: _, ...own } = labels;
  const expected = {
    exp_labels: { ...own, severity: 'mail-1235' },
    exp_annotations: named(annotations),
  };
  const series = (name: string, of: Record<string, string>, value: number) => ({
    series: `${name}{${Object.entries(of).map(([key, text]) => `${key}=${JSON.stringify(text)}`)}}`,
    values: `${value}x5`,
  });
  const unit = {
    rule_files: ['rules.yml'],
    tests: [
      {
        interval: '1m',
        external_labels: { region: 'eu' },
        external_url: 'http://prometheus.example/sub',
        input_series: [
          series('queue_waiting', own, 1234.5678),
          series('other', { n: '2' }, 0.125),
          series('other', { n: '1' }, 7_000_000),
        ],
        alert_rule_test: [{ eval_time: '2m', alertname: 'Waiting', exp_alerts: [expected] }],
      },
    ],
  };
  try {
    writeFileSync(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'g', rules: [rule] }] }));
    writeFileSync(join(folder, 'test.yml'), JSON.stringify(unit));
    const { status, stdout, stderr, error } = spawnSync('promtool', ['test', 'rules', 'test.yml'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(error, undefined, `promtool is needed (Debian's package prometheus): ${error?.message}`);
    return { status, output: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('templates of rules against promtool', () => {
  const expanded = templates.map((template) => expandRuleTemplate(template, context));

  test('are expanded as promtool expands them', () => {
    const { status, output } = promtool(expanded);
    assert.equal(status, 0, output);
  });

  test('would be told apart from others by promtool', () => {
    const { status, output } = promtool([...expanded.slice(0, -1), 'other']);
    assert.equal(status, 1, output);
  });
});
