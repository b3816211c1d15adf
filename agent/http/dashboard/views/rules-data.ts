import type { Tone } from '../parts/index.ts';
import type { TimeRange } from '../time-range.ts';

/** As /api/monitoring/rules has them. */
export interface RuleGroup {
  readonly file: string;
  readonly name: string;
  readonly intervalMs: number;
  readonly limit: number;
  readonly queryOffsetMs: number;
  readonly lastEvaluation: string | null;
  readonly durationMs: number;
  readonly rules: readonly Rule[];
}

interface RuleBase {
  readonly name: string;
  readonly expression: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: number;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly error: string;
  readonly lastEvaluation: string | null;
  readonly durationMs: number;
  readonly samples: number;
}

export interface AlertingRule extends RuleBase {
  readonly kind: 'alerting';
  readonly state: 'inactive' | 'pending' | 'firing' | 'unknown';
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly clear: string | null;
  readonly noData: string | null;
  readonly downSources: readonly string[];
  readonly alertCount: number;
  readonly alerts: readonly RuleAlert[];
}

export type Rule = AlertingRule | (RuleBase & { readonly kind: 'recording' });

export interface RuleAlert {
  readonly id: string;
  readonly state: 'pending' | 'firing' | 'unknown';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | null;
  readonly activeAt: string;
}

/** A rule with where it stands. */
export interface PlacedRule {
  readonly group: RuleGroup;
  readonly rule: Rule;
  /** In the address: group and position, as names may repeat. */
  readonly key: string;
}

export function placedRules(groups: readonly RuleGroup[]): PlacedRule[] {
  return groups.flatMap((group) =>
    group.rules.map((rule, at) => ({ group, rule, key: `${group.name}/${at + 1}/${rule.name}` })),
  );
}

/** What the address names: a key, or only the name of a rule, as links from alerts have it. */
export function namedRule(rules: readonly PlacedRule[], name: string): PlacedRule | undefined {
  return rules.find(({ key }) => key === name) ?? rules.find(({ rule }) => rule.name === name);
}

/** How a rule is, in a word. */
export function stateWord(rule: Rule): string {
  if (rule.health === 'err') return 'fails';
  if (rule.health === 'unknown') return 'not evaluated';
  return rule.kind === 'recording' ? 'recording' : rule.state;
}

export function stateTone(rule: Rule): Tone {
  if (rule.health === 'err') return 'warning';
  if (rule.health === 'unknown') return 'unknown';
  if (rule.kind === 'recording') return 'ok';
  switch (rule.state) {
    case 'firing':
      return rule.labels.severity === 'critical' ? 'critical' : 'warning';
    case 'pending':
      return 'info';
    case 'unknown':
      return 'unknown';
    case 'inactive':
      return 'ok';
  }
}

/** `90s`, `5m`: as rule files have it. */
export function durationText(ms: number): string {
  if (ms === 0) return '0s';
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const;
  const [letter, size] = units.find(([, size]) => ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${letter}`;
}

/** The rule alone as a rule file, to be changed and tried. A JSON text is one of YAML, too. */
export function ruleFileText({ group, rule }: PlacedRule): string {
  const lines = [
    'groups:',
    `  - name: ${JSON.stringify(group.name)}`,
    `    interval: ${durationText(group.intervalMs)}`,
    '    rules:',
    `      - ${rule.kind === 'alerting' ? 'alert' : 'record'}: ${JSON.stringify(rule.name)}`,
    ...expressionLines(rule.expression),
  ];
  if (rule.kind === 'alerting') {
    if (rule.forMs > 0) lines.push(`        for: ${durationText(rule.forMs)}`);
    if (rule.keepFiringForMs > 0)
      lines.push(`        keep_firing_for: ${durationText(rule.keepFiringForMs)}`);
  }
  lines.push(...mapLines('labels', rule.labels));
  if (rule.kind === 'alerting') {
    const { annotations, clear, noData } = rule;
    lines.push(
      ...mapLines('annotations', {
        ...annotations,
        ...(clear !== null && { nova_clear: clear }),
        ...(noData !== null && { nova_no_data: noData }),
      }),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** A block where that reads well and keeps the text as it is. */
function expressionLines(expression: string): string[] {
  const text = expression.trim();
  if (!/^[\t\n\x20-\x7e]+$/.test(text) || text.includes('\t'))
    return [`        expr: ${JSON.stringify(expression)}`];
  return ['        expr: |', ...text.split('\n').map((line) => `          ${line}`)];
}

function mapLines(name: string, values: Readonly<Record<string, string>>): string[] {
  const pairs = Object.entries(values);
  if (pairs.length === 0) return [];
  return [
    `        ${name}:`,
    ...pairs.map(([key, value]) => `          ${JSON.stringify(key)}: ${JSON.stringify(value)}`),
  ];
}

/** The range of the page as the backtest takes it. */
export function backtestRange(range: TimeRange): { readonly since: string; readonly until?: string } {
  if (range.kind === 'last') return { since: `${Math.ceil(range.ms / 1000)}s` };
  return { since: new Date(range.fromMs).toISOString(), until: new Date(range.toMs).toISOString() };
}
