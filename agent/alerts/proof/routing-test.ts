import type { ActiveAlert } from '../../../workers/contract/alert-tasks.ts';
import type { Alert, LabelSet, Routing, Silence } from '../../../workers/contract/alerts.ts';
import { Dispatcher } from '../../../workers/routing/dispatcher.ts';
import { oneWayOut } from '../../../workers/routing/one-way-out.ts';
import type { RoutingCheck, RuleTest } from './test-file.ts';

const nobodyAcknowledges = {};

/** Who would be told of the alerts of a test: its dispatcher in virtual time. */
export class TestRouting {
  readonly #dispatcher: Dispatcher;
  readonly #silences: readonly Silence[];
  /** Receivers that were told, by the fingerprint of the alert. */
  readonly #notified = new Map<string, Set<string>>();
  #active: readonly ActiveAlert[] = [];

  constructor(routing: Routing, test: RuleTest) {
    this.#dispatcher = new Dispatcher(oneWayOut(routing), [], { externalUrl: test.externalUrl });
    this.#silences = test.silences.map(({ matchers, startsAtMs, endsAtMs }, i) => ({
      ...{ id: `silence ${i + 1}`, matchers, createdBy: 'test', comment: '' },
      ...{ startsAtMs: test.startMs + startsAtMs, endsAtMs: test.startMs + endsAtMs },
    }));
  }

  /** One evaluation. Gives the ids of ended alerts that are to be given again. */
  step(alerts: readonly Alert[], timeMs: number): ReadonlySet<string> {
    const wishes = { silences: this.#silences, acknowledgements: nobodyAcknowledges };
    const { active, notifications, untold } = this.#dispatcher.step(alerts, timeMs, wishes, () => null);
    this.#active = active;
    for (const { receiver, alerts } of notifications) {
      for (const { fingerprint } of alerts) {
        const told = this.#notified.get(fingerprint) ?? new Set();
        this.#notified.set(fingerprint, told.add(receiver));
      }
    }
    return untold;
  }

  /** What is other than expected, in words; null when all is as expected. */
  check(check: RoutingCheck, timeText: string): string | null {
    const where = `    routing of ${labelsText(check.labels)}, time: ${timeText},`;
    const firing = this.#active.filter(
      ({ alert: { state, labels } }) =>
        state === 'firing' && Object.entries(check.labels).every(([name, value]) => labels[name] === value),
    );
    if (firing.length === 0) return `${where}\n        exp: an alert that fires\n        got: none`;
    const lines = firing.flatMap((one) => this.#differences(check, one));
    return lines.length === 0 ? null : [where, ...lines].join('\n');
  }

  #differences({ receivers, mutedBy, notified }: RoutingCheck, found: ActiveAlert): string[] {
    const lines: string[] = [];
    const differ = (what: string, expected: string, got: string) => {
      if (expected !== got)
        lines.push(`        ${what}:`, `            exp: ${expected}`, `            got: ${got}`);
    };
    if (receivers !== null) differ('receivers', listText(receivers), listText(found.receivers));
    if (mutedBy !== null) differ('muted_by', mutedBy, found.mutedBy?.by ?? 'nobody');
    if (notified !== null) {
      const told = this.#notified.get(found.alert.fingerprint) ?? [];
      differ('notified', listText(notified), listText([...told]));
    }
    return lines.length === 0 ? [] : [`        of ${labelsText(found.alert.labels)}`, ...lines];
  }
}

function listText(list: readonly string[]): string {
  return `[${[...list].sort().join(', ')}]`;
}

function labelsText(labels: LabelSet): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${pairs.sort().join(', ')}}`;
}
