import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { metricLabels } from '../../../../agent/alerts/proof/series-notation.ts';
import { runTestFile } from '../../../../agent/alerts/proof/test-run.ts';
import { projectRoot } from '../../../support/agent.ts';
import { temporaryFolder } from '../../../support/servers.ts';

/** The real promtool, on the same files. */
let folder: string;

before(async () => {
  folder = await temporaryFolder();
});

after(() => rm(folder, { recursive: true, force: true }));

function promtool(file: string): Promise<{ succeeds: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile('promtool', ['test', 'rules', file], (error, stdout, stderr) =>
      resolve({ succeeds: error === null, output: stdout + stderr }),
    );
  });
}

/** Numbers below `most`, the same for the same seed: mulberry32, as test/bench/signals.ts. */
function randomFrom(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * most) / 2 ** 32) | 0;
  };
}

type Random = (most: number) => number;

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)]!;
}

function values(random: Random): string {
  const items = Array.from({ length: 4 + random(10) }, () =>
    pick(random, [
      () => `${random(10)}`,
      () => `${random(10)}x${random(8)}`,
      () => `${random(6)}+${random(3)}x${random(6)}`,
      () => `${random(9)}-${random(3)}x${random(6)}`,
      () => '_',
      () => `_x${1 + random(14)}`,
      () => 'stale',
      () => 'NaN',
      () => `-Inf`,
    ])(),
  );
  return `1 2 ${items.join(' ')}`;
}

function rule(random: Random, i: number): object {
  if (i > 0 && random(4) === 0)
    return { record: 'made:sum', expr: 'sum by (job) (m)', labels: { kind: `r${i}` } };
  return {
    alert: `Alert${random(3)}`,
    expr: pick(random, [
      'm > 4',
      'm',
      'sum by (job) (m) > 9',
      'made:sum > 8',
      'm unless n',
      'm > n',
      'absent(n)',
      'count(ALERTS) > 2',
      'n == 3 or m == 2',
    ]),
    ...(random(2) === 0 && { for: pick(random, ['0s', '30s', '1m', '90s', '3m']) }),
    ...(random(3) === 0 && { keep_firing_for: pick(random, ['30s', '1m', '2m']) }),
    // The position keeps the alerts of rules with the same name apart.
    labels: {
      rule: `${i}`,
      ...(random(2) === 0 && { level: '{{ if gt $value 6.0 }}high{{ else }}low{{ end }}' }),
    },
    ...(random(2) === 0 && {
      annotations: {
        text: pick(random, [
          '{{ $labels.job }} at {{ $value }}',
          '{{ range query "sort(m)" }}{{ .Value }} {{ end }}',
          '{{ $externalLabels.zone }} {{ printf "%.1f" $value }}',
        ]),
      },
    }),
  };
}

interface Case {
  readonly rules: object;
  readonly tests: { evaluation_interval: string; [key: string]: unknown };
  readonly test: Record<string, unknown>;
  readonly times: readonly string[];
}

function made(seed: number): Case {
  const random = randomFrom(seed);
  const rules = Array.from({ length: 2 + random(5) }, (_, i) => rule(random, i));
  const series = ['m{job="a"}', 'm{job="b"}', 'm{job="b",host="x"}', 'n{job="a"}', 'n{job="b"}'];
  return {
    rules: {
      groups: [
        { name: 'g', rules: rules.slice(0, 2) },
        { name: 'h', rules: rules.slice(2) },
      ],
    },
    tests: {
      evaluation_interval: pick(random, ['30s', '1m']),
      group_eval_order: ['g', 'h'],
    },
    test: {
      // No sample is exactly 5 minutes old at an evaluation: Prometheus 3 and 2.42 differ there.
      interval: pick(random, ['17s', '31s', '61s']),
      external_labels: { zone: 'north' },
      input_series: series
        .filter(() => random(5) > 0)
        .map((one) => ({ series: one, values: values(random) })),
    },
    times: ['0s', '1m', '2m', '3m30s', '5m', '7m', '9m', '12m'],
  };
}

/** What our run got where nothing is expected, as expectations. */
async function expectations(file: string, times: readonly string[]): Promise<Map<string, object[]>> {
  const { differences } = await runTestFile(file, { cwd: folder, env: {} });
  const found = new Map<string, object[]>();
  for (const difference of differences) {
    const where = /alertname: (\w+), time: (\w+)/.exec(difference);
    assert.ok(where && times.includes(where[2]!), difference);
    const texts = [...difference.matchAll(/Labels:(.*)\n\s+Annotations:(.*)/g)];
    const alerts = texts.map(([, labels, annotations]) => {
      const { alertname: _, ...own } = metricLabels(labels!).toRecord();
      return { exp_labels: own, exp_annotations: metricLabels(annotations!).toRecord() };
    });
    found.set(`${where[1]} ${where[2]}`, alerts);
  }
  return found;
}

const seeds = Array.from({ length: 24 }, (_, i) => i + 1);

test('promtool finds the alerts that ours finds, in random files', async () => {
  let alerts = 0;
  for (const seed of seeds) {
    const { rules, tests, test: one, times } = made(seed);
    const put = async (name: string, content: object) => {
      await writeFile(join(folder, name), stringify(content, { aliasDuplicateObjects: false }));
      return join(folder, name);
    };
    await put(`${seed}.yml`, rules);
    const checks = (expected: ReadonlyMap<string, object[]>) =>
      times.flatMap((eval_time) =>
        ['Alert0', 'Alert1', 'Alert2'].map((alertname) => {
          const exp_alerts = expected.get(`${alertname} ${eval_time}`) ?? [];
          return { eval_time, alertname, exp_alerts };
        }),
      );
    const file = (expected: ReadonlyMap<string, object[]>) => ({
      ...{ rule_files: [`${seed}.yml`], ...tests },
      tests: [{ ...one, alert_rule_test: checks(expected) }],
    });
    const asked = await put(`${seed}.asked.test.yml`, file(new Map()));
    const expected = await expectations(asked, times);
    alerts += [...expected.values()].flat().length;
    const filled = await put(`${seed}.test.yml`, file(expected));
    const ours = await runTestFile(filled, { cwd: folder, env: {} });
    assert.deepEqual(ours.differences, []);
    const theirs = await promtool(filled);
    assert.ok(theirs.succeeds, `seed ${seed}: ${theirs.output}`);
    if (expected.size === 0) continue;
    assert.equal((await promtool(asked)).succeeds, false, `seed ${seed}`);
  }
  assert.ok(alerts > 100, `${alerts} alerts`);
});

test('the tests of the shipped rules succeed with ours and with promtool', async () => {
  const file = join(projectRoot, 'config/rules/nova.test.yml');
  const { tests, differences } = await runTestFile(file, { cwd: projectRoot, env: {} });
  assert.deepEqual(differences, []);
  assert.ok(tests > 5);
  const { succeeds, output } = await promtool(file);
  assert.ok(succeeds, output);
});
