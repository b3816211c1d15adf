import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runAgent } from '../../support/agent.ts';
import { temporaryFolder } from '../../support/servers.ts';

/** The real command. */
let folder: string;

before(async () => {
  folder = await temporaryFolder();
  const rules =
    'groups:\n- name: g\n  rules:\n  - {alert: A, expr: m > 5, for: 1m, labels: {severity: warning}}\n';
  await writeFile(join(folder, 'r.yml'), rules);
  const notify =
    'route: {receiver: team, routes: [{matchers: [\'i="x"\'], receiver: x}]}\nreceivers: [{name: team}, {name: x}]\n';
  await writeFile(join(folder, 'notify.yml'), notify);
});

after(() => rm(folder, { recursive: true, force: true }));

/** A test file with two series that fire, and what is asked of them. */
async function put(name: string, asked: string): Promise<string> {
  const path = join(folder, name);
  const head =
    'rule_files: [r.yml]\nevaluation_interval: 30s\nnotify_file: notify.yml\ntests:\n- name: one\n';
  const input = `  input_series: [{series: 'm{i="x"}', values: 6x20}, {series: 'm{i="y"}', values: 9x20}]\n`;
  await writeFile(path, `${head}${input}${asked}`);
  return path;
}

test('rules test tells success, of routing too, and ends with 0', async () => {
  const file = await put(
    'good.test.yml',
    `  silences: [{matchers: [i=y]}]
  routing_test:
  - {eval_time: 5m, labels: {alertname: A, i: x}, receivers: [x], muted_by: nobody, notified: [x]}
  - {eval_time: 5m, labels: {alertname: A, i: y}, receivers: [team], muted_by: silence, notified: []}
`,
  );
  const { code, stdout, stderr } = await runAgent(['rules', 'test', file]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `Unit Testing:  ${file}\n  SUCCESS\n\n`);
});

test('rules test shows what it expected and what it got, and ends with 1', async () => {
  const file = await put(
    'failing.test.yml',
    `  alert_rule_test: [{eval_time: 5m, alertname: A, exp_alerts: []}]
  routing_test: [{eval_time: 5m, labels: {i: x}, receivers: [team]}]
`,
  );
  const { code, stdout } = await runAgent(['rules', 'test', file]);
  assert.equal(code, 1);
  assert.match(stdout, /FAILED:\n {4}name: one,\n {4}alertname: A, time: 5m,\n {8}exp:\[\]\n {8}got:\[/);
  assert.match(stdout, /receivers:\n\s+exp: \[team\]\n\s+got: \[x\]/);
});

test('rules test names the place of what it cannot read, and ends with 2', async () => {
  const file = await put('wrong.test.yml', '  alert_rule_tests: []\n');
  const { code, stderr } = await runAgent(['rules', 'test', file]);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /wrong\.test\.yml:7:3: unknown field "alert_rule_tests" in a test; did you mean alert_rule_test\?/,
  );
});
