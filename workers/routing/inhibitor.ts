import type { Alert, InhibitRule, LabelSet } from '../contract/alerts.ts';
import { labelsTest, labelValue } from './matchers.ts';

/** What rules say to an alert's labels: made once, for they do not change. */
export interface Roles {
  /** By rule: the values of its `equal` labels where the alert is a source; null where it is none. */
  readonly source: readonly (string | null)[];
  readonly target: readonly (string | null)[];
}

/** Alerts that fire and inhibit, of one rule, by the values of its `equal` labels. */
interface Sources {
  readonly any: Map<string, Alert>;
  /** Those that are no targets of the rule themselves: only they inhibit alerts that are sources too. */
  readonly oneSided: Map<string, Alert>;
}

/** Which alerts keep which others quiet, as Alertmanager's inhibit/inhibit.go. Asked anew each evaluation. */
export class Inhibitor {
  readonly #rules: readonly ((labels: LabelSet) => { source: string | null; target: string | null })[];
  readonly #sources: Sources[];

  /** @throws Error for a regular expression that RE2 refuses */
  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map((rule) => {
      const isSource = labelsTest(rule.sourceMatchers);
      const isTarget = labelsTest(rule.targetMatchers);
      return (labels) => {
        const key = JSON.stringify(rule.equal.map((name) => labelValue(labels, name)));
        return { source: isSource(labels) ? key : null, target: isTarget(labels) ? key : null };
      };
    });
    this.#sources = rules.map(() => ({ any: new Map(), oneSided: new Map() }));
  }

  rolesOf(labels: LabelSet): Roles {
    const roles = this.#rules.map((rule) => rule(labels));
    return { source: roles.map(({ source }) => source), target: roles.map(({ target }) => target) };
  }

  forgetSources(): void {
    for (const { any, oneSided } of this.#sources) {
      any.clear();
      oneSided.clear();
    }
  }

  /** An alert that fires. */
  addSource(alert: Alert, { source, target }: Roles): void {
    for (let i = 0; i < source.length; i++) {
      const key = source[i]!;
      if (key === null) continue;
      const { any, oneSided } = this.#sources[i]!;
      if (!any.has(key)) any.set(key, alert);
      if (target[i] === null && !oneSided.has(key)) oneSided.set(key, alert);
    }
  }

  /** The alert that inhibits those with these roles, if one does. */
  inhibiting({ source, target }: Roles): Alert | undefined {
    for (let i = 0; i < target.length; i++) {
      const key = target[i]!;
      if (key === null) continue;
      const { any, oneSided } = this.#sources[i]!;
      const found = (source[i] === null ? any : oneSided).get(key);
      if (found) return found;
    }
    return undefined;
  }
}
