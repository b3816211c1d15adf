import { randomUUID } from 'node:crypto';
import type { LabelSet, Routing, Rule, RuleGroup } from '../../workers/contract/alerts.ts';
import type {
  BacktestPlan,
  BacktestReport,
  BacktestStep,
  BacktestTask,
} from '../../workers/contract/backtest.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { nearest } from '../spelling.ts';
import { readRuleFile } from './rule-files/rule-file.ts';

/** Where rules are replayed: in the query worker. */
export interface BacktestPort {
  backtestStep(task: BacktestTask): Promise<BacktestStep>;
  endBacktest(id: string): Promise<void>;
}

export interface BacktestsParts {
  readonly port: BacktestPort;
  /** Rules and routes in force. */
  readonly alerting: () => { readonly groups: readonly RuleGroup[]; readonly routing: Routing };
  readonly externalUrl: string;
  /** Of every point. */
  readonly commonTags: LabelSet;
  readonly intervalMs: number;
  readonly rawRetentionMs: number;
  readonly clock: Clock;
}

/** What to replay. */
export interface BacktestWish {
  /** Name of a rule in force, or */
  readonly rule?: string | undefined;
  /** a rule file as text. */
  readonly file?: string | undefined;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A series ends after three of its slow readings, as for the rules in force. */
const staleAfterMs = 30_000;
const leastStaleTicks = 5;
/** All parts of a replay together. */
const mostMs = 45_000;

/** Replays rules over the stored past, one replay at a time and a part after the other: the rules in force come between. */
export class Backtests {
  readonly #parts: BacktestsParts;
  #isRunning = false;

  constructor(parts: BacktestsParts) {
    this.#parts = parts;
  }

  /**
   * What the rules would have done; 'busy' while another replay runs. Throws AgentError USAGE for a wish that cannot
   * be had or that takes more than 45 s, and the reason of `signal` when that ends it.
   */
  async run(wish: BacktestWish, signal: AbortSignal): Promise<BacktestReport | 'busy'> {
    const plan = this.#plan(wish);
    if (this.#isRunning) return 'busy';
    this.#isRunning = true;
    const id = randomUUID();
    try {
      return await this.#replay(id, plan, signal);
    } catch (error) {
      await this.#parts.port.endBacktest(id).catch(() => {});
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  async #replay(id: string, plan: BacktestPlan, signal: AbortSignal): Promise<BacktestReport> {
    const { port, clock } = this.#parts;
    const endMs = clock.monotonicMs() + mostMs;
    let step = await port.backtestStep({ id, plan: JSON.stringify(plan) });
    while (step.report === null) {
      signal.throwIfAborted();
      if (clock.monotonicMs() > endMs) {
        const percent = Math.floor(step.done * 100);
        throw new AgentError(
          'USAGE',
          `only ${percent} % was replayed in ${mostMs / 1000} s: ask for fewer rules or a shorter time, or use nova-agent rules backtest`,
        );
      }
      step = await port.backtestStep({ id, plan: null });
    }
    return step.report;
  }

  #plan({ rule, file, sinceMs, untilMs }: BacktestWish): BacktestPlan {
    const { intervalMs, rawRetentionMs, alerting, externalUrl, commonTags, clock } = this.#parts;
    const { routing } = alerting();
    const nowMs = clock.now();
    const endMs = Math.min(untilMs, nowMs);
    if (sinceMs >= endMs)
      throw new AgentError('USAGE', 'since: expected a time before until, and in the past');
    if ((rule === undefined) === (file === undefined))
      throw new AgentError(
        'USAGE',
        'expected either rule, the name of one, or file, the text of a rule file',
      );
    return {
      groups: file === undefined ? this.#named(rule!) : groupsOf(file, intervalMs),
      ...{ routing, externalUrl, commonTags, sinceMs, untilMs: endMs, rawFromMs: nowMs - rawRetentionMs },
      staleTicks: Math.max(leastStaleTicks, Math.ceil(staleAfterMs / intervalMs)),
    };
  }

  /** The alerting rules of that name, and what they need of what other rules make. */
  #named(name: string): RuleGroup[] {
    const { groups } = this.#parts.alerting();
    const rules = groups.flatMap((group) => group.rules);
    const alerting = rules.filter(({ kind }) => kind === 'alerting');
    const wanted = new Set<Rule>(alerting.filter((one) => one.name === name));
    if (wanted.size === 0) {
      const meant = nearest(
        name,
        alerting.map((one) => one.name),
      );
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
      throw new AgentError('USAGE', `rule: there is no alerting rule "${name.slice(0, 100)}"${hint}`);
    }
    // A set goes on over what is added to it.
    for (const { expr } of wanted) {
      const seesAlerts = /\bALERTS(_FOR_STATE)?\b/.test(expr);
      for (const one of rules) {
        if (one.kind === 'recording' ? expr.includes(one.name) : seesAlerts) wanted.add(one);
      }
    }
    return groups
      .map((group) => ({ ...group, rules: group.rules.filter((one) => wanted.has(one)) }))
      .filter((group) => group.rules.length > 0);
  }
}

/** Throws AgentError USAGE with every problem of the file, one a line. */
function groupsOf(text: string, intervalMs: number): readonly RuleGroup[] {
  const { groups, document } = readRuleFile('file', 'file', Buffer.from(text), intervalMs);
  if (document.problems.length > 0)
    throw new AgentError('USAGE', document.linesOf(document.problems).slice(0, 20).join('\n'));
  if (!groups.some(({ rules }) => rules.some(({ kind }) => kind === 'alerting')))
    throw new AgentError('USAGE', 'file: there is no alerting rule in it');
  return groups;
}
