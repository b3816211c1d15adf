import type { BacktestReport } from '../../workers/contract/backtest.ts';
import { type BacktestRequest, backtest } from '../../workers/replay/backtest.ts';
import { MetricReader } from '../../workers/store/metric-reader.ts';
import { loadNotifyFile } from '../alerts/notify-file/notify-file.ts';
import { loadRuleFiles } from '../alerts/rule-files/rule-files.ts';
import type { Config } from '../config/schema.ts';
import { AgentError } from '../errors.ts';
import { backtestTable } from './backtest-table.ts';
import { exitCodes } from './exit.ts';
import { openHistory } from './stored-history.ts';
import { timeOf } from './time-option.ts';

export interface BacktestOptions {
  readonly files: readonly string[];
  readonly since: string;
  readonly until: string | undefined;
  readonly format: 'table' | 'json';
  readonly notify: string | undefined;
}

/** A series ends after three of its slow readings, as for the running agent. */
const staleAfterMs = 30_000;
const leastStaleTicks = 5;

/** Replays rules over the stored past, beside a running agent too, and writes what they would have done. Gives the exit code. */
export async function backtestRules(config: Config, options: BacktestOptions, cwd: string): Promise<number> {
  const nowMs = Date.now();
  const untilMs = options.until === undefined ? nowMs : timeOf('--until', options.until, nowMs);
  const sinceMs = timeOf('--since', options.since, nowMs);
  if (sinceMs >= untilMs) throw new AgentError('USAGE', '--since must lie before --until');
  const { interval, dataDir } = config.agent;
  const globs = options.files.length > 0 ? options.files : config.rules;
  const rules = await loadRuleFiles(globs, { intervalMs: interval, cwd });
  const notify = await loadNotifyFile(options.notify ?? config.notify, { env: process.env, cwd });
  for (const notice of [...rules.notices, ...notify.notices]) process.stderr.write(`warning: ${notice}\n`);
  const reader = openHistory(dataDir);
  try {
    const rawFromMs = nowMs - config.store.retention.raw;
    const metrics = new MetricReader(reader, rawFromMs);
    const staleTicks = Math.max(leastStaleTicks, Math.ceil(staleAfterMs / interval));
    const report = replayed({
      ...{ groups: rules.groups, routing: notify.routing, sinceMs, untilMs, externalUrl: '' },
      commonLabels: config.agent.tags,
      past: {
        select: (matchers, startMs, endMs) => metrics.select(matchers, startMs, endMs, staleTicks),
        tickTimes: (startMs, endMs) => metrics.tickTimes(startMs, endMs),
        rawFromMs,
      },
    });
    for (const problem of report.problems) process.stderr.write(`warning: ${problem}\n`);
    const text = options.format === 'json' ? `${JSON.stringify(report, null, 2)}\n` : backtestTable(report);
    process.stdout.write(text);
  } finally {
    reader.close();
  }
  return exitCodes.done;
}

function replayed(request: BacktestRequest): BacktestReport {
  const steps = backtest(request);
  for (;;) {
    const step = steps.next();
    if (process.stderr.isTTY) showProgress(step.done ? 1 : step.value);
    if (step.done) return step.value;
  }
}

function showProgress(done: number): void {
  process.stderr.write(done < 1 ? `\r${Math.floor(done * 100)} %` : '\r     \r');
}
