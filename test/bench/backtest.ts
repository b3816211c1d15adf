import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadNotifyFile } from '../../agent/alerts/notify-file/notify-file.ts';
import { readRuleFile } from '../../agent/alerts/rule-files/rule-file.ts';
import { backtest as replay } from '../../workers/replay/backtest.ts';
import { MetricReader } from '../../workers/store/metric-reader.ts';
import { openReader } from '../../workers/store/reader.ts';
import { temporaryFolder } from '../support/servers.ts';
import { type Row, valueAtMost } from './row.ts';
import { SignalSource, tickMs } from './signals.ts';
import { appendHour } from './store-filling.ts';

const hourMs = 3_600_000;
const days = 14;
const queues = 5;
const mostSeconds = 30;

/** Ten rules of the kinds that people write, at the interval of the ticks. */
const rules = `groups:
- name: replayed
  interval: 2s
  rules:
  - {alert: high-cpu, expr: 'avg_over_time(system_cpu_usage_percent[1m]) > 45', for: 30s}
  - {alert: high-memory, expr: 100 * (1 - system_memory_available_bytes / system_memory_total_bytes) > 48, for: 5m}
  - {alert: load, expr: system_load1 / system_cpu_cores > 0.6, for: 1m}
  - {alert: process-cpu, expr: process_cpu_usage_percent > 90, for: 4s, keep_firing_for: 1m}
  - {alert: restarting, expr: 'increase(process_restarts_total[15m]) >= 3'}
  - {alert: high-queue, expr: queue_waiting > 45, for: 1m, annotations: {summary: '{{ $labels.queue }} has {{ $value }}'}}
  - {alert: queue-grows, expr: 'deriv(queue_waiting[5m]) > 0.2', for: 1m}
  - {alert: failing, expr: 'sum by (queue) (rate(queue_failed_total[5m])) > 0.05'}
  - {alert: no-workers, expr: queue_workers == 0 and on (queue) queue_waiting > 0, for: 2m}
  - {alert: source-down, expr: agent_source_up == 0, for: 2m}
`;

/** Replays ten rules over 14 days of ticks every 2 s; the peer is the time that they took to come. */
export async function* backtest(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-bench-');
  try {
    const path = join(folder, 'store.db');
    const endMs = Math.floor(Date.now() / hourMs) * hourMs;
    const startMs = endMs - days * 24 * hourMs;
    fill(path, startMs, endMs);
    const reader = openReader(path);
    const metrics = new MetricReader(reader, 0);
    const { routing } = await loadNotifyFile(undefined, { env: {}, cwd: folder });
    const file = readRuleFile(join(folder, 'rules.yml'), 'rules.yml', Buffer.from(rules), tickMs);
    if (file.document.problems.length > 0) throw new Error(file.document.problems[0]!.message);
    const beganMs = performance.now();
    const steps = replay({
      ...{ groups: file.groups, routing, sinceMs: startMs, untilMs: endMs, externalUrl: '' },
      past: {
        select: (matchers, fromMs, toMs) => metrics.select(matchers, fromMs, toMs, 15),
        tickTimes: (fromMs, toMs) => metrics.tickTimes(fromMs, toMs),
        rawFromMs: 0,
      },
    });
    let step = steps.next();
    while (!step.done) step = steps.next();
    const report = step.value;
    const seconds = (performance.now() - beganMs) / 1000;
    reader.close();
    const firings = report.rules.reduce((sum, { summary }) => sum + summary.firings, 0);
    const measure = `s to replay ${report.rules.length} rules over ${days} days at 2 s (${firings} firings)`;
    yield valueAtMost('backtest', measure, seconds, ['the days themselves', days * 24 * 3600], mostSeconds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function fill(path: string, startMs: number, endMs: number): void {
  const source = new SignalSource(queues);
  for (let hour = startMs; hour < endMs; hour += hourMs) {
    appendHour(
      path,
      hour,
      Array.from({ length: hourMs / tickMs }, () => source.next()),
    );
  }
}
