import type { LabelSet, Routing, RuleGroup } from '../../../workers/contract/alerts.ts';
import { Labels, type SampleSeries, type Select } from '../../../workers/promql/index.ts';
import { RuleSources } from '../../../workers/rules/rule-sources.ts';
import { messageOf } from '../../errors.ts';
import { FiringBook, type FiringSummary, type SuggestedFor } from './firing-book.ts';
import { type ReceiverSummary, ReplayedDispatch } from './replayed-dispatch.ts';
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
  /** Is told how much is done, from 0 to 1. */
  readonly onProgress: (done: number) => void;
}

export interface RuleReport {
  readonly group: string;
  readonly rule: string;
  readonly forMs: number;
  readonly summary: FiringSummary;
  readonly suggested: SuggestedFor | null;
  readonly alerts: readonly { readonly labels: LabelSet; readonly summary: FiringSummary }[];
  /** Evaluations that failed, and why the last did; '' when none did. */
  readonly failures: number;
  readonly error: string;
}

export interface BacktestReport {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** One an alerting rule, in the order of the files. */
  readonly rules: readonly RuleReport[];
  readonly receivers: readonly ReceiverSummary[];
  /** Recording rules that failed. */
  readonly problems: readonly string[];
}

/** Replays rules over the stored past in virtual time: what would have fired, and who would have been told. */
export function backtest(request: BacktestRequest): BacktestReport {
  return new Backtest(request).run();
}

class Backtest {
  readonly #request: BacktestRequest;
  readonly #rules = new Map<string, { readonly replayed: ReplayedRule; readonly book: FiringBook }>();
  readonly #samples: ReplayedSamples;
  readonly #dispatch: ReplayedDispatch;
  readonly #problems = new Map<string, string>();

  constructor(request: BacktestRequest) {
    this.#request = request;
    const { groups, routing, past, externalUrl } = request;
    const sources = new RuleSources(groups);
    for (const [g, group] of groups.entries()) {
      for (const [r, rule] of group.rules.entries()) {
        if (rule.kind !== 'alerting') continue;
        const replayed = new ReplayedRule(group, r, (labels, down) => sources.of(g, r, labels, down));
        this.#rules.set(`${g};${r}`, { replayed, book: new FiringBook() });
      }
    }
    const recorded = groups.flatMap(({ rules }) => rules.filter(({ kind }) => kind === 'recording'));
    this.#samples = new ReplayedSamples(
      past.select,
      recorded.map(({ name }) => name),
    );
    const shortestMs = Math.min(...groups.map(({ intervalMs }) => intervalMs));
    this.#dispatch = new ReplayedDispatch(routing, externalUrl, shortestMs);
  }

  run(): BacktestReport {
    const { sinceMs, untilMs, groups, onProgress } = this.#request;
    const records = groups.some(({ rules }) => rules.some(({ kind }) => kind === 'recording'));
    // What rules record has a past of its own when the alerts begin.
    const firstMs = records ? sinceMs - chunkMs : sinceMs;
    for (let startMs = firstMs; startMs < untilMs; startMs += chunkMs) {
      const endMs = startMs < sinceMs ? sinceMs : Math.min(startMs + chunkMs, untilMs);
      this.#replay(startMs, endMs, startMs >= sinceMs);
      onProgress((endMs - firstMs) / (untilMs - firstMs));
    }
    return {
      ...{ sinceMs, untilMs },
      rules: [...this.#rules.values()].map(({ replayed, book }) => reportOf(replayed, book, untilMs)),
      receivers: this.#dispatch.summaries(),
      problems: [...this.#problems.values()],
    };
  }

  #replay(startMs: number, endMs: number, withAlerts: boolean): void {
    const { groups, past, externalUrl } = this.#request;
    this.#samples.begin(startMs, endMs);
    const { select } = this.#samples;
    const times = new RecordedTimes(past.tickTimes(startMs - lookbackMs, endMs), past.rawFromMs);
    const down = new DownSources(this.#sourcesUp(startMs, endMs));
    const chunk: Chunk = { startMs, endMs, select, times, down, externalUrl };
    const turns: AlertTurn[] = [];
    for (const [g, group] of groups.entries()) {
      for (const [r, rule] of group.rules.entries()) {
        if (rule.kind === 'recording') this.#record(group, r, chunk);
        else if (withAlerts) {
          const { replayed, book } = this.#rules.get(`${g};${r}`)!;
          for (const turn of replayed.replay(chunk)) {
            book.take(turn);
            turns.push(turn);
          }
        }
      }
    }
    if (withAlerts) this.#dispatch.replay(turns, endMs);
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
        this.#samples.record(rule.name, own, timestampsMs, values, group.intervalMs);
      }
    } catch (error) {
      this.#problems.set(`${group.name};${index}`, `${group.name}: ${rule.name}: ${messageOf(error)}`);
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
