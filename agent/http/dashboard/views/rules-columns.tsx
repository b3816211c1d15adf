import { formatMs } from '../format.ts';
import { Age, type Column, Name, Status, Unknown } from '../parts/index.ts';
import { durationText, type PlacedRule, type RuleGroup, stateTone, stateWord } from './rules-data.ts';

/** As they are looked for: what fires, then what is in doubt. */
const rank = ['critical', 'warning', 'unknown', 'info', 'ok'];

export const ruleColumns: readonly Column<PlacedRule>[] = [
  {
    key: 'name',
    title: 'Rule',
    value: ({ rule }) => rule.name,
    cell: ({ rule }) => <Name text={rule.name} mono />,
    room: 'wide',
  },
  {
    key: 'state',
    title: 'State',
    value: ({ rule }) => `${rank.indexOf(stateTone(rule))} ${stateWord(rule)}`,
    cell: ({ rule }) => <Status tone={stateTone(rule)}>{stateWord(rule)}</Status>,
  },
  {
    key: 'alerts',
    title: 'Alerts',
    hint: 'Pending and firing ones',
    isNumber: true,
    value: ({ rule }) => (rule.kind === 'alerting' ? rule.alertCount : null),
    cell: ({ rule }) => (rule.kind === 'alerting' ? rule.alertCount : ''),
  },
  {
    key: 'severity',
    title: 'Severity',
    value: ({ rule }) => rule.labels.severity ?? '',
    cell: ({ rule }) => <Name text={rule.labels.severity ?? ''} />,
    room: 'less',
  },
  {
    key: 'for',
    title: 'For',
    hint: 'How long its condition must last',
    isNumber: true,
    value: ({ rule }) => (rule.kind === 'alerting' ? rule.forMs : null),
    cell: ({ rule }) => (rule.kind === 'alerting' ? durationText(rule.forMs) : ''),
    room: 'less',
  },
  {
    key: 'evaluated',
    title: 'Evaluated',
    value: ({ rule }) => rule.lastEvaluation,
    cell: ({ rule }) =>
      rule.lastEvaluation === null ? <Unknown title="not evaluated yet" /> : <Age at={rule.lastEvaluation} />,
  },
  {
    key: 'took',
    title: 'Took',
    isNumber: true,
    value: ({ rule }) => (rule.lastEvaluation === null ? null : rule.durationMs),
    cell: ({ rule }) => (rule.lastEvaluation === null ? <Unknown /> : formatMs(rule.durationMs)),
  },
  {
    key: 'group',
    title: 'Group',
    value: ({ group }) => group.name,
    cell: ({ group }) => <Name text={group.name} mono />,
    room: 'less',
  },
];

/** Only where there is one. */
export const errorColumn: Column<PlacedRule> = {
  key: 'error',
  title: 'Error',
  value: ({ rule }) => rule.error,
  cell: ({ rule }) => <Name text={rule.error} />,
  room: 'less',
};

export const groupColumns: readonly Column<RuleGroup>[] = [
  { key: 'name', title: 'Group', value: ({ name }) => name, cell: ({ name }) => <Name text={name} mono /> },
  { key: 'rules', title: 'Rules', isNumber: true, value: ({ rules }) => rules.length },
  {
    key: 'interval',
    title: 'Interval',
    isNumber: true,
    value: ({ intervalMs }) => intervalMs,
    cell: ({ intervalMs }) => durationText(intervalMs),
  },
  {
    key: 'evaluated',
    title: 'Evaluated',
    value: ({ lastEvaluation }) => lastEvaluation,
    cell: ({ lastEvaluation }) =>
      lastEvaluation === null ? <Unknown title="not evaluated yet" /> : <Age at={lastEvaluation} />,
  },
  {
    key: 'took',
    title: 'Took',
    isNumber: true,
    value: ({ durationMs, lastEvaluation }) => (lastEvaluation === null ? null : durationMs),
    cell: ({ durationMs, lastEvaluation }) => (lastEvaluation === null ? <Unknown /> : formatMs(durationMs)),
  },
  {
    key: 'failing',
    title: 'Failing',
    isNumber: true,
    value: ({ rules }) => rules.filter(({ health }) => health === 'err').length,
  },
  {
    key: 'file',
    title: 'File',
    value: ({ file }) => file,
    cell: ({ file }) => <Name text={file} mono />,
    room: 'wide',
  },
];
