import { formatTime } from '../format.ts';
import { Name } from '../parts/index.ts';
import { labelsText } from './alerts-words.ts';
import type { ReplayedAlert } from './rules-report-shape.ts';

/** Rows of the timeline; the table below has the others. */
const mostRows = 25;

/** A row an alert, with a bar where it would have fired; the table below says the same in words. */
export function Timeline({
  alerts,
  sinceMs,
  untilMs,
}: {
  readonly alerts: readonly ReplayedAlert[];
  readonly sinceMs: number;
  readonly untilMs: number;
}) {
  const shown = alerts.slice(0, mostRows);
  const part = (ms: number) => `${(100 * (ms - sinceMs)) / (untilMs - sinceMs)}%`;
  return (
    <div class="timeline" aria-hidden="true">
      {shown.map(({ labels, times }) => {
        const text = alertText(labels);
        return (
          <div class="timeline-row" key={text}>
            <Name text={text} mono />
            <div class="timeline-track">
              {times.map(({ from, to }) => {
                const [start, end] = [Date.parse(from), to === null ? untilMs : Date.parse(to)];
                const width = `${(100 * (end - start)) / (untilMs - sinceMs)}%`;
                const title = `${formatTime(start)} – ${to === null ? 'the end' : formatTime(end)}`;
                return (
                  <span key={from} class="timeline-bar" title={title} style={{ left: part(start), width }} />
                );
              })}
            </div>
          </div>
        );
      })}
      <div class="timeline-axis">
        <span>{formatTime(sinceMs)}</span>
        <span>{formatTime(untilMs)}</span>
      </div>
      {alerts.length > mostRows && (
        <p class="note">
          The {mostRows} that fired longest, of {alerts.length}.
        </p>
      )}
    </div>
  );
}

export function alertText(labels: Readonly<Record<string, string>>): string {
  return labelsText(labels, ['alertname', 'severity']) || 'without labels';
}
