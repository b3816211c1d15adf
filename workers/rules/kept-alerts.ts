import { type Alert, type LabelSet, type RuleGroup, ruleKey } from '../contract/alerts.ts';

export interface KeptAlerts {
  /** With the `ruleKey` of their rule as it is now. One episode of each alert. */
  readonly ofRules: readonly { readonly key: string; readonly alert: Alert }[];
  /** Pending and firing ones of rules that are no longer there. */
  readonly orphans: readonly Alert[];
}

interface Candidate {
  readonly key: string;
  /** Labels that all of its alerts have. */
  readonly fixed: readonly (readonly [string, string])[];
}

/**
 * Finds the rules of alerts of an earlier run: by the rule's name in its group and by its labels, so that a rule that was
 * moved keeps its alerts; among rules that are alike in that, by the position.
 */
export function keptAlerts(groups: readonly RuleGroup[], kept: readonly Alert[]): KeptAlerts {
  const candidates = candidatesByName(groups);
  const ofRules: { key: string; alert: Alert }[] = [];
  const orphans: Alert[] = [];
  const taken = new Set<string>();
  for (const alert of [...kept].sort(byNewest)) {
    const rule = ruleOf(alert, candidates.get(withoutPosition(alert.rule)) ?? []);
    const isTaken = rule !== undefined && taken.size === taken.add(`${rule} ${alert.fingerprint}`).size;
    if (rule !== undefined && !isTaken) ofRules.push({ key: rule, alert });
    else if (alert.state !== 'resolved') orphans.push(alert);
  }
  return { ofRules, orphans };
}

function candidatesByName(groups: readonly RuleGroup[]): Map<string, Candidate[]> {
  const byName = new Map<string, Candidate[]>();
  for (const group of groups) {
    for (const [index, rule] of group.rules.entries()) {
      const key = ruleKey(group, index);
      const name = withoutPosition(key);
      const fixed = Object.entries(rule.labels).filter(([, text]) => !text.includes('{{'));
      byName.set(name, [...(byName.get(name) ?? []), { key, fixed }]);
    }
  }
  return byName;
}

function ruleOf({ labels, rule }: Alert, candidates: readonly Candidate[]): string | undefined {
  const fitting = candidates.filter(({ fixed }) =>
    fixed.every(([name, text]) => labelOf(labels, name) === text),
  );
  const most = Math.max(...fitting.map(({ fixed }) => fixed.length));
  const best = fitting.filter(({ fixed }) => fixed.length === most);
  return (best.find(({ key }) => key === rule) ?? best[0])?.key;
}

function labelOf(labels: LabelSet, name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : '';
}

/** Active ones first, then the newest. */
function byNewest(a: Alert, b: Alert): number {
  return Number(a.state === 'resolved') - Number(b.state === 'resolved') || b.activeAtMs - a.activeAtMs;
}

function withoutPosition(key: string): string {
  return key.slice(0, key.lastIndexOf(';'));
}
