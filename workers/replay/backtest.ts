import type { LabelSet, Routing, Rule, RuleGroup } from '../contract/alerts.ts';
import type { BacktestReport, RuleReport } from '../contract/backtest.ts';
import { Labels, type SampleSeries, type Select } from '../promql/index.ts';
import { alertsForStateMetric, alertsMetric } from '../rules/alert-samples.ts';
import { EvaluationBudget } from '../rules/evaluation-budget.ts';
import { RuleSources } from '../rules/rule-sources.ts';
import { FiringBook } from './firing-book.ts';
import { alertReaders, ReplayedAlerts } from './replayed-alerts.ts';
import { ReplayedDispatch } from './replayed-dispatch.ts';
import { type AlertTurn, type Chunk, chunkResult, ReplayedRule } from './replayed-rule.ts';
import { ReplayedSamples } from './replayed-samples.ts';
import { DownSources, RecordedTimes } from './replayed-times.ts';

/** What is held in memory at once; recorded metrics reach back one more. */
const chunkMs = 6 * 3_600_000;
const lookbackMs = 5 * 60_000;

/** The stored past. */
export interface StoredPast {
  readonly select: Select;
  /** Times of ticks that are stored singly, from `startMs` up to and without `endMs`, ascending. */
  readonly tickTimes: (startMs: number, endMs: number) => Float64Array;
  /** What is older is stored by minutes. */
  readonly rawFromMs: number;
}

export interface BacktestRequest {
  readonly groups: readonly RuleGroup[];
  readonly routing: Routing;
  readonly past: StoredPast;
  /** Milliseconds since 1970; the end is not included. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** For templates and links. */
  readonly externalUrl: string;
  /** What a recorded sample gets where it has no label of that name: the tags of every point [none]. */
  readonly commonLabels?: LabelSet;
  /** Most time that a rule may take for a part of the past [any]. */
  readonly partLimitMs?: number;
}

/**
 * Replays rules over the stored past in virtual time: what would have fired, and who would have been told. Yields how much
 * is done, from 0 to 1, often: each time one rule is through a part of the past.
 */
export function backtest(request: BacktestRequest): Generator<number, BacktestReport> {
  return new Backtest(request).run();
}

class Backtest {
  readonly #request: BacktestRequest;
  readonly #rules = new Map<string, { readonly replayed: ReplayedRule; readonly book: FiringBook }>();
  readonly #samples: ReplayedSamples;
  readonly #dispatch: ReplayedDispatch;
  /** Rules that see alerts of others. */
  readonly #readers: ReadonlySet<Rule>;
  /** undefined where no rule looks at alerts. */
  readonly #alerts: ReplayedAlerts | undefined;
  readonly #problems = new Map<string, string>();
  readonly #budget: EvaluationBudget;

  constructor(request: BacktestRequest) {
    this.#request = request;
    const { groups, routing, past, externalUrl, partLimitMs = Number.POSITIVE_INFINITY } = request;
    this.#budget = new EvaluationBudget(partLimitMs, Number.POSITIVE_INFINITY, () => performance.now());
    const sources = new RuleSources(groups);
    for (const [g, group] of groups.entries()) {
      for (const [r, rule] of group.rules.entries()) {
        if (rule.kind !== 'alerting') continue;
        const replayed = new ReplayedRule(group, r, (labels, down) => sources.of(g, r, labels, down));
        this.#rules.set(`${g};${r}`, { replayed, book: new FiringBook() });
      }
    }
    const recorded = groups.flatMap(({ rules }) => rules.filter(({ kind }) => kind === 'recording'));
    this.#readers = alertReaders(groups);
    if (this.#readers.size > 0) this.#alerts = new ReplayedAlerts();
    const made = this.#alerts ? [alertsMetric, alertsForStateMetric] : [];
    this.#samples = new ReplayedSamples(past.select, [...recorded.map(({ name }) => name), ...made]);
    const shortestMs = Math.min(...groups.map(({ intervalMs }) => intervalMs));
    this.#dispatch = new ReplayedDispatch(routing, externalUrl, shortestMs);
  }

  *run(): Generator<number, BacktestReport> {
    const { sinceMs, untilMs, groups } = this.#request;
    const records = groups.some(({ rules }) => rules.some(({ kind }) => kind === 'recording'));
    // What rules record has a past of its own when the alerts begin.
    const firstMs = records ? sinceMs - chunkMs : sinceMs;
    for (let startMs = firstMs; startMs < untilMs; startMs += chunkMs) {
      const endMs = startMs < sinceMs ? sinceMs : Math.min(startMs + chunkMs, untilMs);
      for (const done of this.#replay(startMs, endMs, startMs >= sinceMs))
        yield (startMs + done * (endMs - startMs) - firstMs) / (untilMs - firstMs);
    }
    return {
      ...{ sinceMs, untilMs },
      rules: [...this.#rules.values()].map(({ replayed, book }) => reportOf(replayed, book, untilMs)),
      receivers: this.#dispatch.summaries(),
      notifications: this.#dispatch.notifications(),
      problems: [...this.#problems.values()],
    };
  }

  /** Yields how much of it is done. */
  *#replay(startMs: number, endMs: number, withAlerts: boolean): Generator<number> {
    const { groups, past, externalUrl } = this.#request;
    this.#samples.begin(startMs, endMs);
    const { select } = this.#samples;
    const times = new RecordedTimes(past.tickTimes(startMs - lookbackMs, endMs), past.rawFromMs);
    const down = new DownSources(this.#sourcesUp(startMs, endMs));
    const chunk: Chunk = { startMs, endMs, select, times, down, externalUrl, budget: this.#budget };
    const count = groups.reduce((sum, { rules }) => sum + rules.length, 0);
    let done = 0;
    const turns: AlertTurn[] = [];
    for (const { g, r, group, rule } of this.#inOrder()) {
      if (rule.kind === 'recording') this.#record(group, r, chunk);
      else if (withAlerts) {
        const { replayed, book } = this.#rules.get(`${g};${r}`)!;
        for (const turn of replayed.replay(chunk, this.#alerts)) {
          book.take(turn);
          turns.push(turn);
        }
        this.#alerts?.give(this.#samples, group.intervalMs);
      }
      yield ++done / count;
    }
    if (withAlerts) this.#dispatch.replay(turns, endMs);
  }

  /** As in the files, but who sees alerts comes after all others. */
  #inOrder() {
    const rules = this.#request.groups.flatMap((group, g) =>
      group.rules.map((rule, r) => ({ g, r, group, rule })),
    );
    const isReader = ({ rule }: { readonly rule: Rule }) => this.#readers.has(rule);
    return [...rules.filter((one) => !isReader(one)), ...rules.filter(isReader)];
  }

  #sourcesUp(startMs: number, endMs: number): SampleSeries[] {
    const matchers = [{ name: '__name__', op: '=', value: 'agent_source_up' }] as const;
    return this.#request.past.select([...matchers], startMs - lookbackMs, endMs);
  }

  #record(group: RuleGroup, index: number, chunk: Chunk): void {
    const rule = group.rules[index]!;
    try {
      for (const { labels, timestampsMs, values } of chunkResult(rule.expr, group, chunk)) {
        let own = Labels.of(labels).unnamed;
        for (const [name, value] of Object.entries(rule.labels)) own = own.with(name, value);
        for (const [name, value] of Object.entries(this.#request.commonLabels ?? {}))
          if (own.get(name) === '') own = own.with(name, value);
        this.#samples.record(rule.name, own, timestampsMs, values, group.intervalMs);
      }
    } catch (error) {
      const why = this.#budget.reason(error);
      this.#problems.set(`${group.name};${index}`, `${group.name}: ${rule.name}: ${why}`);
    }
  }
}

function reportOf(
  { rule, group, failures, error }: ReplayedRule,
  book: FiringBook,
  untilMs: number,
): RuleReport {
  return {
    ...{ group: group.name, rule: rule.name, forMs: rule.forMs, failures, error },
    summary: book.summary(untilMs),
    suggested: book.suggestedFor(group.intervalMs),
    alerts: book.alerts(untilMs),
  };
}
