import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { projectRoot } from '../../../support/agent.ts';
import { temporaryFolder } from '../../../support/servers.ts';
import { problemsOf } from './support.ts';

/** What the real promtool says. */
let folder: string;

before(async () => {
  folder = await temporaryFolder();
});

after(() => rm(folder, { recursive: true, force: true }));

/** Files that promtool refuses, with why. */
function refusedByPromtool(files: readonly string[]): Map<string, string> {
  const { stderr, error } = spawnSync('promtool', ['check', 'rules', ...files], { encoding: 'utf8' });
  if (error) throw error;
  const refused = new Map<string, string>();
  for (const line of stderr.split('\n')) {
    const file = files.find((file) => line.startsWith(`${file}: `));
    if (file && !refused.has(file)) refused.set(file, line.slice(file.length + 2));
  }
  return refused;
}

const seed = `groups:
  - name: api
    interval: 30s
    limit: 10
    rules:
      - alert: SlowApi
        expr: "sum by (route) (rate(http_requests[5m])) > 3"
        for: 5m
        keep_firing_for: 1m
        labels: {severity: 'page', team: crm}
        annotations:
          summary: >-
            Slow for {{ $value }}
            on {{ $labels.route }}
          description: 'it''s {{ humanize $value }}'
      - record: route:http_requests:sum
        expr: sum by (route) (http_requests)
        labels:
          a: "b\\u0041"
      - alert: Down
        expr: |
          up == 0
          unless on (job) paused
        annotations: {summary: "{{ range query \\"up\\" }}{{ .Value }}{{ end }}"}

  - name: empty
    rules: []
`;

const tokens =
  '- |: |&a |<<: |\\||>|"|\'|#| #|{|}|[|]|,|\\t|null|~|1|true|!!str |? |\\n|  | |0|5m|1h30m|-1|1.5|0x1f|""|"5"|.inf|__name__|@|`|!|*|%|\\\\|é|{{|}}|$x|( |)'
    .replaceAll('\\|', '\u0000')
    .split('|')
    .map((token) =>
      token.replace('\u0000', '|').replace('\\t', '\t').replace('\\n', '\n').replace('\\\\', '\\'),
    );
const keys = [
  'name',
  'interval',
  'limit',
  'rules',
  'record',
  'alert',
  'expr',
  'for',
  'annotations',
  'labels',
  'sum',
];

type Random = (below: number) => number;

/** mulberry32. */
function randomFrom(start: number): Random {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** The text with one or two slips, as people and editors make them. */
function mutated(text: string, random: Random): string {
  let result = text;
  for (let i = random(2); i >= 0; i--) {
    const lines = result.split('\n');
    const line = random(lines.length);
    const at = random(result.length);
    const token = tokens[random(tokens.length)]!;
    const slips: (() => string)[] = [
      () => result.slice(0, at) + result.slice(at + 1),
      () => result.slice(0, at) + token + result.slice(at),
      () => lines.toSpliced(line, 1).join('\n'),
      () => lines.toSpliced(line, 0, lines[line]!).join('\n'),
      () => lines.with(line, `  ${lines[line]}`).join('\n'),
      () => lines.with(line, lines[line]!.replace(/^ {1,2}/, '')).join('\n'),
      () => lines.with(line, lines[line]!.replace(/[a-z_]+(?=:)/, keys[random(keys.length)]!)).join('\n'),
      () =>
        lines
          .with(
            line,
            lines[line]!.replace(/: .*/, () => `: ${token}`),
          )
          .join('\n'),
    ];
    result = slips[random(slips.length)]!();
  }
  return result;
}

/**
 * Where promtool 2.42 takes what is refused here: it drops without a word what ends a document early, and before
 * Prometheus 3 null and maps were taken as names and expressions.
 */
const stricter =
  /Unexpected [a-z-]+ (at node end|token in YAML stream)|field 'expr' must be set|expected text as (record|alert|expr)/;

/** Names of metrics, labels and annotations are any text since Prometheus 3. */
const laxer = /invalid (recording rule|label|annotation) name/;

test('hundreds of damaged rule files are valid or not as promtool says', async () => {
  const random = randomFrom(42);
  const texts = new Map<string, string>();
  await mkdir(join(folder, 'damaged'));
  for (let i = 0; i < 600; i++) {
    const file = join(folder, 'damaged', `${i}.yml`);
    texts.set(file, mutated(seed, random));
    await writeFile(file, texts.get(file)!);
  }
  const refused = refusedByPromtool([...texts.keys()]);
  const differences: string[] = [];
  let valid = 0;
  for (const [file, text] of texts) {
    const problems = problemsOf(text);
    const there = refused.get(file);
    if (problems.length === 0) valid++;
    if (problems.length > 0 === (there !== undefined)) continue;
    if (there === undefined && stricter.test(problems.join('\n'))) continue;
    if (problems.length === 0 && laxer.test(there ?? '')) continue;
    differences.push(`ours: ${problems[0] ?? 'valid'}\npromtool: ${there ?? 'valid'}\n${text}`);
  }
  assert.equal(differences.length, 0, differences.join('\n----\n'));
  assert.ok(valid > 60 && valid < 540, `${valid} of 600 are valid`);
});

test('the shipped rules are valid for promtool, and pass their tests there', () => {
  const rules = join(projectRoot, 'config/rules');
  for (const args of [
    ['check', 'rules', '--lint-fatal', join(rules, 'nova.yml')],
    ['test', 'rules', join(rules, 'nova.test.yml')],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  }
});

/** Conditions of the shipped rules, by alert. */
const conditions: Readonly<Record<string, readonly RegExp[]>> = {
  'high-cpu': [/for: 5m/, /> 80$/m],
  'high-memory': [/for: 5m/, /> 80$/m, /system_memory_available_bytes \//],
  'process-restarting': [/for: 2m/, />= 3$/m],
  'slow-api': [/for: 2m/, /> 500$/m, />= 20$/m, /\* http_duration_avg_ms/],
  'high-error-rate': [/for: 2m/, /> 5$/m, />= 20$/m],
  'slow-query': [/for: 2m/, /> 5$/m, />= 100$/m],
  'event-loop-blocked': [/for: 2m/, /> 200$/m],
  'high-queue': [/for: 2m/, /> 100$/m, / 1\.1 \*/, /> 120000$/m, / +and deriv.*/, / +and predict_linear.*/],
  'no-workers': [/for: 2m/, / and queue_paused == 0/, / \+ queue_prioritized > 0/, /queue_workers == 0 and /],
  'source-down': [/for: 2m/, /== 0$/m],
  'sink-behind': [/for: 2m/, /> 600$/m],
};

test('the tests of the shipped rules notice when a condition is gone', async () => {
  const rules = await readFile(join(projectRoot, 'config/rules/nova.yml'), 'utf8');
  const whole = parse(await readFile(join(projectRoot, 'config/rules/nova.test.yml'), 'utf8')) as {
    tests: { name: string }[];
  };
  const unnoticed: string[] = [];
  for (const [alert, ofAlert] of Object.entries(conditions)) {
    const tests = whole.tests.filter(({ name }) => name.startsWith(`${alert} `));
    await writeFile(join(folder, 'one.test.yml'), stringify({ ...whole, rule_files: ['one.yml'], tests }));
    for (const condition of ofAlert) {
      const begin = rules.indexOf(`alert: ${alert}\n`);
      const rule = rules.slice(begin).split(/\n {6}- alert|\n {2}- name/, 1)[0]!;
      assert.match(rule, condition, alert);
      await writeFile(join(folder, 'one.yml'), rules.replace(rule, rule.replace(condition, weakened)));
      const { status } = spawnSync('promtool', ['test', 'rules', join(folder, 'one.test.yml')]);
      if (status === 0) unnoticed.push(`${alert}: ${condition}`);
    }
  }
  assert.deepEqual(unnoticed, []);
});

/** The condition as somebody may write it by mistake: another number, or not at all. */
function weakened(found: string): string {
  if (found.startsWith('for: ')) return 'for: 20s';
  if (found.startsWith('system_memory')) return 'system_memory_free_bytes /';
  if (/^ *and |^queue_workers/.test(found)) return ' ';
  const number = /[\d.]+/.exec(found)?.[0];
  return number === undefined ? '' : found.replace(number, number === '0' ? '1' : '0');
}
