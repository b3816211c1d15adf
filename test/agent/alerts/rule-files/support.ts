import { type RuleFile, readRuleFile } from '../../../../agent/alerts/rule-files/rule-file.ts';
import type { AlertingRule } from '../../../../workers/contract/alerts.ts';

/** Reads a text as the file `r.yml`; groups without an interval have 2 s. */
export function read(text: string | Uint8Array): RuleFile {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  return readRuleFile('/rules/r.yml', 'r.yml', bytes, 2000);
}

/** The lines of an error message. */
export function problemsOf(text: string | Uint8Array): string[] {
  const { document } = read(text);
  return document.linesOf(document.problems);
}

export function noticesOf(text: string): string[] {
  const { document } = read(text);
  return document.linesOf(document.notices);
}

/** A file of one group with these rules, which begin in line 4. */
export function withRules(rules: string): string {
  return `groups:\n  - name: g\n    rules:\n${rules}`;
}

/** The one alert of a file that has nothing wrong. */
export function onlyAlert(text: string): AlertingRule {
  const file = read(text);
  const problems = file.document.linesOf(file.document.problems);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const rule = file.groups[0]?.rules[0];
  if (rule?.kind !== 'alerting') throw new Error('the first rule is no alert');
  return rule;
}
