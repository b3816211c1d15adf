import type { BacktestReport, FiringSummary, RuleReport } from '../../workers/contract/backtest.ts';
import { durationText } from '../alerts/proof/duration-text.ts';
import { tableText } from './table.ts';

const head = ['ALERT', 'FIRINGS', 'FLAPS', 'FIRING', 'LONGEST', 'UNKNOWN', 'FIRST', 'LAST'];

/** A backtest for a person: rules with their alerts, what `for` would have spared, and who would have been told. */
export function backtestTable({ sinceMs, untilMs, rules, receivers }: BacktestReport): string {
  const rows = rules.flatMap((one) => [
    [one.rule, ...cells(one.summary)],
    ...one.alerts.map(({ labels, summary }) => [`  ${labelsText(labels)}`, ...cells(summary)]),
  ]);
  const told = receivers.map(({ receiver, notifications, reasons, firstMs, lastMs }) => [
    ...[receiver, `${notifications}`],
    `${reasons.new} new, ${reasons.changed} changed, ${reasons.repeat} repeated, ${reasons.resolved} resolved`,
    ...[timeText(firstMs), timeText(lastMs)],
  ]);
  const notes = rules.flatMap(notesOf);
  return [
    `from ${timeText(sinceMs)} to ${timeText(untilMs)} (${durationText(untilMs - sinceMs)})\n\n`,
    tableText(head, rows),
    '\n',
    ...(notes.length > 0 ? [`${notes.join('\n')}\n\n`] : []),
    tableText(['RECEIVER', 'NOTIFICATIONS', 'OF WHICH', 'FIRST', 'LAST'], told),
  ].join('');
}

function notesOf({ rule, forMs, suggested, summary, failures, error }: RuleReport): string[] {
  const notes: string[] = [];
  if (suggested !== null && suggested.forMs > forMs) {
    const { firings, flaps } = summary;
    notes.push(
      `${rule}: for: ${durationText(suggested.forMs)} instead of ${durationText(forMs)} would have left out its ${flaps} flaps (shorter than 5m); ${suggested.remaining} of ${firings} firings would have remained`,
    );
  }
  if (failures > 0) notes.push(`${rule}: ${failures} evaluations failed: ${error}`);
  return notes;
}

function cells({ firings, flaps, firingMs, longestMs, unknownMs, firstMs, lastMs }: FiringSummary): string[] {
  if (firings === 0) return ['0', '0', '', '', '', '', ''];
  return [
    ...[`${firings}`, `${flaps}`, roughText(firingMs), roughText(longestMs)],
    ...[unknownMs > 0 ? roughText(unknownMs) : '', timeText(firstMs), timeText(lastMs)],
  ];
}

/** In seconds. */
function roughText(ms: number): string {
  return durationText(Math.round(ms / 1000) * 1000);
}

function timeText(ms: number): string {
  return ms === 0 ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== 'alertname');
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}
