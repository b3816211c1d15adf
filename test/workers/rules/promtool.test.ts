import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Rule } from '../../../workers/contract/alerts.ts';
import { addStep, type GeneratedRules, generatedRules, stepMs, steps } from './generated-rules.ts';
import { group, RulesAtWork } from './rules-at-work.ts';

/** More with `PROMTOOL_SEEDS`. */
const seeds = Number(process.env.PROMTOOL_SEEDS ?? 10);

interface Expected {
  readonly firing: {
    readonly eval_time: string;
    readonly alertname: string;
    readonly exp_alerts: object[];
  }[];
  readonly samples: { readonly expr: string; readonly eval_time: string; readonly exp_samples: object[] }[];
}

/** What our rules make of a case, as promtool's unit tests expect it. */
function expectations({ series, rules }: GeneratedRules): Expected {
  const work = new RulesAtWork([group(rules, { intervalMs: stepMs })]);
  const expected: Expected = { firing: [], samples: [] };
  for (let step = 0; step <= steps; step++) {
    const timeMs = step * stepMs;
    addStep(work, series, step);
    const outcome = work.at(timeMs);
    assert.deepEqual(
      outcome.health.filter(({ error }) => error !== '').map(({ error }) => error),
      [],
    );
    const active = work.book.active();
    const eval_time = `${timeMs}ms`;
    for (const rule of rules.filter(({ kind }) => kind === 'alerting')) {
      const firing = active.filter(
        ({ labels, state }) => labels.alertname === rule.name && state === 'firing',
      );
      const exp_alerts = firing.map(({ labels: { alertname: _, ...exp_labels }, annotations }) => ({
        ...{ exp_labels, exp_annotations: annotations },
      }));
      expected.firing.push({ eval_time, alertname: rule.name, exp_alerts });
    }
    const alerts = active.map(({ labels, state }) => sample('ALERTS', { ...labels, alertstate: state }, 1));
    const since = active.map(({ labels, activeAtMs }) =>
      sample('ALERTS_FOR_STATE', labels, activeAtMs / 1000),
    );
    const recorded = outcome.recorded.map(({ name, labels, value }) => sample(name, labels, value));
    expected.samples.push({ expr: 'ALERTS', eval_time, exp_samples: alerts });
    expected.samples.push({ expr: 'ALERTS_FOR_STATE', eval_time, exp_samples: since });
    expected.samples.push({ expr: '{__name__=~"rec_.*"}', eval_time, exp_samples: recorded });
  }
  return expected;
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): object {
  const inside = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return { labels: `${name}{${inside.join(',')}}`, value };
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

function ruleText(rule: Rule): object {
  const { expr, labels } = rule;
  if (rule.kind === 'recording') return { record: rule.name, expr, labels };
  const waits = { for: seconds(rule.forMs), keep_firing_for: seconds(rule.keepFiringForMs) };
  return { alert: rule.name, expr, labels, annotations: rule.annotations, ...waits };
}

describe('timelines of generated rules', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'nova-promtool-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  for (let seed = 1; seed <= seeds; seed++) {
    test(`are those of promtool, seed ${seed}`, () => {
      const { series, rules } = generatedRules(seed);
      const { firing, samples } = expectations({ series, rules });
      // JSON is YAML.
      const rulesFile = join(folder, `rules-${seed}.yml`);
      writeFileSync(rulesFile, JSON.stringify({ groups: [{ name: 'g', rules: rules.map(ruleText) }] }));
      const testFile = join(folder, `test-${seed}.yml`);
      const input_series = series.map(({ labels: { __name__, ...labels }, values }) => ({
        series: `${__name__}{${Object.entries(labels).map(([name, text]) => `${name}="${text}"`)}}`,
        values: values.join(' '),
      }));
      const tests = [
        { interval: seconds(stepMs), input_series, alert_rule_test: firing, promql_expr_test: samples },
      ];
      writeFileSync(
        testFile,
        JSON.stringify({ rule_files: [rulesFile], evaluation_interval: seconds(stepMs), tests }),
      );
      const { error, status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', testFile], {
        encoding: 'utf8',
      });
      assert.equal(error, undefined, 'promtool is needed: apt-get install prometheus');
      assert.equal(status, 0, `${stdout}${stderr}`.replace(/\n\s*(?=\n)/g, '').slice(0, 5000));
    });
  }
});
