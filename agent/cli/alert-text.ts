import type { AlertRecording } from '../../workers/contract/alerts.ts';
import type { ShownAlert } from '../alert-shape.ts';

/** An alert with the series around its begin, where there are any. */
export type RecordedAlert = ShownAlert & { readonly recording?: AlertRecording | null };

/** Alerts for a person to read, a blank line between two. */
export function alertTexts(alerts: readonly RecordedAlert[]): string {
  return alerts.map((alert) => `${linesOf(alert).map(plain).join('\n')}\n`).join('\n');
}

function linesOf(alert: RecordedAlert): string[] {
  const { data, acknowledged, mutedBy, recording } = alert;
  const said = acknowledged && `${acknowledged.at} by ${acknowledged.by}: ${acknowledged.comment}`;
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    ['id', alert.id],
    ['status', `${alert.status}${alert.flapping ? ', flapping' : ''}`],
    ['severity', alert.severity],
    ['value', data.value === null ? null : numberText(data.value)],
    ['began', alert.createdAt],
    ['fired', alert.firedAt],
    ['resolved', alert.resolvedAt],
    ['cause', alert.cause?.text],
    ['reach', alert.reach?.text],
    ['nothing known of', alert.unknownSources.join(', ')],
    ['acknowledged', said],
    ['nobody is told', mutedBy && `${mutedBy.by} ${mutedBy.id}`],
    ['receivers', alert.receivers.join(', ')],
    ['rule', data.rule],
    ['labels', labelsText(data.labels)],
    ...Object.entries(data.annotations).map(([name, text]) => [name, text] as const),
  ];
  const shown = rows.filter(([, text]) => text !== null && text !== undefined && text !== '');
  const width = Math.max(...shown.map(([name]) => name.length)) + 2;
  return [
    `${alert.type}: ${alert.message}`,
    ...shown.map(([name, text]) => `  ${name.padEnd(width)}${text}`),
    ...(recording ? recordingLines(recording) : []),
  ];
}

function recordingLines({ fromMs, toMs, series }: AlertRecording): string[] {
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  const lines = series.map(({ labels, values }) => {
    const { __name__: name = '', ...others } = labels;
    const known = values.filter((value) => !Number.isNaN(value) && value !== null);
    const last = known.at(-1);
    if (last === undefined) return `    ${name}${labelsText(others)}: no values`;
    const [least, most] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
    return `    ${name}${labelsText(others)}: min ${numberText(least)}, max ${numberText(most)}, last ${numberText(last)}`;
  });
  return [`  recorded from ${iso(fromMs)} to ${iso(toMs)}`, ...lines];
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? '' : `{${pairs.join(', ')}}`;
}

function numberText(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** What the service named is text: no control characters to a terminal. */
function plain(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, ' ');
}
