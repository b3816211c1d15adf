import { useMemo } from 'preact/hooks';
import type { ShownAlert } from '../../../alert-shape.ts';
import type { Series } from '../api.ts';
import { formatMs } from '../format.ts';
import { Chart, type Mark, Panel } from '../parts/index.ts';
import type { TimeRange } from '../time-range.ts';
import { labelsText, unitOfMetric } from './alerts-words.ts';

type Labels = Readonly<Record<string, string>>;

interface AlertRecording {
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: readonly {
    readonly labels: Labels;
    readonly timestampsMs: readonly number[];
    readonly values: readonly (number | null)[];
  }[];
}

/** As /api/monitoring/alerts/ID has it. */
export type Detail = ShownAlert & { readonly recording: AlertRecording | null };

export type Moved = NonNullable<ShownAlert['cause']>['moved'][number] & {
  readonly series: string;
  readonly now: number;
  readonly usual: number;
  readonly score: number;
};

/** A recording is made so long after the begin, and begins so long before. */
const recordedMs = 5 * 60_000;
const mostCharts = 8;
const mostMoved = 4;
const aroundMs = 10 * 60_000;

/** The series that its rule reads, around the moment in which it began. */
export function Recording({ alert }: { readonly alert: Detail }) {
  const { recording, firedAt, resolvedAt } = alert;
  // A recording stays as it was made.
  const charts = useMemo(
    () => (recording ? chartsOf(recording, alert.data.labels) : []),
    [alert.id, recording === null],
  );
  if (firedAt === null) return null;
  if (recording === null || recording.series.length === 0) {
    const dueMs = Date.parse(firedAt) + recordedMs - Date.now();
    const isDue = recording === null && dueMs > -60_000;
    const why = isDue
      ? `It is made ${formatMs(recordedMs)} after the begin${dueMs > 0 ? `: in ${formatMs(dueMs)}` : ''}.`
      : 'There is none: the agent was not there, or its rule reads no series with these labels.';
    return (
      <Panel title="Recording" empty={<p>{why}</p>}>
        {null}
      </Panel>
    );
  }
  const range: TimeRange = { kind: 'fixed', fromMs: recording.fromMs, toMs: recording.toMs };
  const marks: Mark[] = [
    { timeMs: Date.parse(firedAt), text: 'began to fire' },
    ...(resolvedAt === null ? [] : [{ timeMs: Date.parse(resolvedAt), text: 'ended' }]),
  ];
  return (
    <Panel
      title="Recording"
      note={
        charts.length > mostCharts
          ? `What its rule reads, around its begin: the first ${mostCharts} of ${charts.length} metrics.`
          : 'What its rule reads, from 5 minutes before its begin to 5 minutes after it.'
      }
    >
      <div class="charts">
        {charts.slice(0, mostCharts).map(({ name, series }) => (
          <Chart
            key={name}
            title={name}
            unit={unitOfMetric(name)}
            range={range}
            marks={marks}
            compare={false}
            series={series}
          />
        ))}
      </div>
    </Panel>
  );
}

/** What moved with it, before and after. */
export function MovedCharts({ alert: { id, firedAt, cause } }: { readonly alert: Detail }) {
  const moved = (cause?.moved ?? []) as readonly Moved[];
  // What moved is found once, when it begins to fire.
  const charts = useMemo(
    () =>
      moved.slice(0, mostMoved).map(({ series }) => ({ series, lines: [{ label: series, expr: series }] })),
    [id, moved.length],
  );
  if (firedAt === null || charts.length === 0) return null;
  const firedMs = Date.parse(firedAt);
  const range: TimeRange = { kind: 'fixed', fromMs: firedMs - aroundMs, toMs: firedMs + aroundMs };
  const marks: Mark[] = [{ timeMs: firedMs, text: 'the alert began to fire' }];
  return (
    <Panel title="What moved with it" note="From 10 minutes before its begin to 10 minutes after it.">
      <div class="charts">
        {charts.map(({ series, lines }) => (
          <Chart
            key={series}
            title={series.replace(/\{.*$/s, '')}
            unit={unitOfMetric(series.replace(/\{.*$/s, ''))}
            range={range}
            marks={marks}
            compare={false}
            series={lines}
          />
        ))}
      </div>
    </Panel>
  );
}

interface RecordedChart {
  readonly name: string;
  readonly series: { readonly label: string; readonly values: readonly Series[] }[];
}

/** One chart a metric; labels that are the alert's own are not said again. */
function chartsOf({ series }: AlertRecording, own: Labels): RecordedChart[] {
  const charts = new Map<string, RecordedChart>();
  for (const { labels, timestampsMs, values } of series) {
    const name = labels.__name__ ?? 'value';
    const chart = charts.get(name) ?? { name, series: [] };
    const others = Object.keys(labels).filter(
      (label) => labels[label] !== own[label] && label !== '__name__',
    );
    const kept = Object.fromEntries(others.map((label) => [label, labels[label]!]));
    chart.series.push({
      label: labelsText(kept, []) || name,
      values: [{ labels, timesMs: timestampsMs, values }],
    });
    charts.set(name, chart);
  }
  return [...charts.values()];
}
