import { AgentError, messageOf } from '../errors.ts';
import { formatDuration, parseDuration } from '../units.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { type ResultFormat, resultText } from './query-formats.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';
import { timeOf } from './time-option.ts';

interface QueryArgs extends SettingsArgs {
  readonly expr?: string | undefined;
  readonly since: string;
  readonly until?: string | undefined;
  readonly step?: string | undefined;
  readonly instant: boolean;
  readonly format: ResultFormat;
}

/** Steps that a range is divided into when none is asked for, and at most. */
const usualSteps = 120;
const mostSteps = 11_000;
/** Of single samples; older ones are a minute each. */
const lookbackMs = 5 * 60_000;

export const queryCommand: Command<QueryArgs> = {
  command: 'query [expr]',
  describe: 'Evaluate PromQL over the stored past; works beside a running agent',
  builder: (yargs) =>
    settingsOptions(yargs)
      .positional('expr', {
        type: 'string',
        describe: 'PromQL: a metric is MEASUREMENT_FIELD',
      })
      .option('since', {
        type: 'string',
        default: '1h',
        requiresArg: true,
        describe: 'From: a duration back from now, or an ISO 8601 time',
      })
      .option('until', { type: 'string', requiresArg: true, describe: 'To: likewise [now]' })
      .option('step', {
        type: 'string',
        requiresArg: true,
        describe: `Time between values [a ${usualSteps}th]`,
      })
      .option('instant', { type: 'boolean', default: false, describe: 'Only the value at the end' })
      .option('format', {
        choices: ['table', 'json', 'csv'] as const,
        default: 'table' as const,
        describe: 'One row a value, what the HTTP API of Prometheus answers, or comma-separated values',
      })
      .example("$0 query 'system_cpu_usage_percent' --since 10m", 'the CPU of the last 10 minutes')
      .example(
        "$0 query 'sum by (route) (sum_over_time(http_requests[5m]))' --instant",
        'requests of the last 5 minutes by route',
      ),
  handler: async (args) => {
    const { expr } = args;
    if (expr === undefined || expr.trim() === '')
      throw new AgentError('USAGE', "say what to ask: nova-agent query 'EXPR'");
    const nowMs = Date.now();
    const endMs = args.until === undefined ? nowMs : timeOf('--until', args.until, nowMs);
    const startMs = timeOf('--since', args.since, nowMs);
    if (startMs >= endMs && !args.instant) throw new AgentError('USAGE', '--since must lie before --until');
    const stepMs = stepOf(args.step, endMs - startMs);
    const { config } = await loadSettings(args);
    const [{ openHistory, historySelect }, promql] = await Promise.all([
      import('./stored-history.ts'),
      import('../../workers/promql/index.ts'),
    ]);
    const reader = openHistory(config.agent.dataDir);
    try {
      const select = historySelect(reader, config, nowMs);
      const result = args.instant
        ? promql.evaluateInstant(expr, endMs, select, { lookbackMs })
        : promql.evaluateRange(expr, startMs, endMs, stepMs, select, { lookbackMs });
      process.stdout.write(resultText(result, args.format, endMs));
      const isEmpty =
        (result.type === 'vector' && result.samples.length === 0) ||
        (result.type === 'matrix' && result.series.length === 0);
      if (isEmpty) {
        const { unknownMetrics } = await import('../alerts/rule-files/known-metrics.ts');
        const stored = reader.series({}).map(({ measurement, field }) => `${measurement}_${field}`);
        for (const words of unknownMetrics(expr, new Set(stored)))
          process.stderr.write(`nova-agent: ${words}\n`);
      }
    } catch (cause) {
      if (!(cause instanceof promql.PromqlError)) throw cause;
      throw new AgentError('QUERY_INVALID', messageOf(cause), { cause });
    } finally {
      reader.close();
    }
    return exitCodes.done;
  },
};

function stepOf(text: string | undefined, rangeMs: number): number {
  if (text === undefined) return Math.max(1000, Math.ceil(rangeMs / usualSteps / 1000) * 1000);
  const stepMs = parseDuration(text);
  if (stepMs === undefined || stepMs < 1)
    throw new AgentError('USAGE', `--step: expected a duration such as 30s, got "${text}"`);
  if (rangeMs / stepMs > mostSteps) {
    const least = formatDuration(Math.ceil(rangeMs / mostSteps / 1000) * 1000);
    throw new AgentError(
      'USAGE',
      `--step: ${text} makes more than ${mostSteps} steps; ask for ${least} or more`,
    );
  }
  return stepMs;
}
