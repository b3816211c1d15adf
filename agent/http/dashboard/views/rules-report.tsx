import { formatCount, formatMs } from '../format.ts';
import { type Column, Name, Stat, Table, Time } from '../parts/index.ts';
import { labelsText } from './alerts-words.ts';
import { durationText } from './rules-data.ts';
import type { Receiver, ReplayedAlert, ReplayedRule, Report, ToldMessage } from './rules-report-shape.ts';
import { alertText, Timeline } from './rules-timeline.tsx';

/** What rules would have done: how often, when, and who would have been told. */
export function BacktestReport({ report }: { readonly report: Report }) {
  const { rules, receivers, notifications, problems, since, until } = report;
  const sent = receivers.reduce((sum, { notifications }) => sum + notifications, 0);
  return (
    <div class="backtest-report">
      <p class="note">
        Replayed from <Time at={since} /> to <Time at={until} />.
      </p>
      {problems.map((problem) => (
        <p key={problem} class="broken" role="alert">
          <bdi>{problem}</bdi>
        </p>
      ))}
      {rules.map((rule, at) => (
        <RuleReport
          key={at}
          rule={rule}
          sinceMs={Date.parse(since)}
          untilMs={Date.parse(until)}
          sent={sent}
        />
      ))}
      {sent > 0 && (
        <>
          <h3>Messages that would have been sent</h3>
          <p class="note">
            {receivers
              .filter(({ notifications }) => notifications > 0)
              .map(receiverText)
              .join('; ')}
            {sent > notifications.length && `. The first ${notifications.length} are listed.`}
          </p>
          <Table
            caption="Messages that would have been sent"
            columns={messageColumns}
            rows={notifications}
            keyOf={(message) =>
              `${message.timestamp} ${message.receiver} ${JSON.stringify(message.groupLabels)}`
            }
            pageSize={20}
          />
        </>
      )}
    </div>
  );
}

interface RuleReportProps {
  readonly rule: ReplayedRule;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** By all rules of the report. */
  readonly sent: number;
}

function RuleReport({ rule, sinceMs, untilMs, sent }: RuleReportProps) {
  const { firings, flaps, firingMs, longestMs, unknownMs, suggestedForMs, remaining, failures, error } = rule;
  return (
    <>
      <div class="stats">
        <Stat
          label="Would have fired"
          value={firings}
          unit="count"
          note={`${rule.alerts.length} different alerts`}
        />
        <Stat label="Messages" value={sent} unit="count" note="to all receivers" />
        <Stat label="Flaps" value={flaps} unit="count" note="over in less than 5 minutes" />
        <Stat
          label="Longest"
          value={firings === 0 ? null : longestMs}
          unit="ms"
          note={`${formatMs(firingMs)} in all`}
        />
        {unknownMs > 0 && (
          <Stat label="Unknown" value={unknownMs} unit="ms" note="a source was gone while it fired" />
        )}
      </div>
      {suggestedForMs !== null && suggestedForMs > rule.forMs && (
        <p class="backtest-hint">
          With <code>for: {durationText(suggestedForMs)}</code> instead of{' '}
          <code>{durationText(rule.forMs)}</code> its {formatCount(flaps)} flaps would have been left out;{' '}
          {formatCount(remaining)} of {formatCount(firings)} would have remained.
        </p>
      )}
      {failures > 0 && (
        <p class="broken" role="alert">
          <span>
            {formatCount(failures)} evaluations failed, nothing is known of those times: <bdi>{error}</bdi>
          </span>
        </p>
      )}
      {firings === 0 && failures === 0 && <p class="empty">It would not have fired in this time.</p>}
      {firings > 0 && (
        <>
          <Timeline alerts={rule.alerts} sinceMs={sinceMs} untilMs={untilMs} />
          <Table
            caption="When it would have fired"
            columns={firingColumns}
            rows={rule.alerts.flatMap(firingRows)}
            keyOf={({ from, labels }) => `${from} ${labels}`}
            order={{ key: 'from', isDescending: true }}
            pageSize={20}
          />
        </>
      )}
    </>
  );
}

interface FiringRow {
  readonly labels: string;
  readonly from: string;
  readonly to: string | null;
  readonly lastedMs: number | null;
}

function firingRows({ labels, times }: ReplayedAlert): FiringRow[] {
  return times.map(({ from, to }) => ({
    labels: alertText(labels),
    from,
    to,
    lastedMs: to === null ? null : Date.parse(to) - Date.parse(from),
  }));
}

const firingColumns: readonly Column<FiringRow>[] = [
  {
    key: 'labels',
    title: 'Alert',
    value: ({ labels }) => labels,
    cell: ({ labels }) => <Name text={labels} mono />,
  },
  { key: 'from', title: 'From', value: ({ from }) => from, cell: ({ from }) => <Time at={from} /> },
  {
    key: 'to',
    title: 'To',
    value: ({ to }) => to,
    cell: ({ to }) => (to === null ? 'still fires at the end' : <Time at={to} />),
  },
  {
    key: 'lasted',
    title: 'Lasted',
    isNumber: true,
    value: ({ lastedMs }) => lastedMs,
    cell: ({ lastedMs }) => (lastedMs === null ? '' : formatMs(lastedMs)),
  },
];

const messageColumns: readonly Column<ToldMessage>[] = [
  {
    key: 'time',
    title: 'When',
    value: ({ timestamp }) => timestamp,
    cell: ({ timestamp }) => <Time at={timestamp} />,
  },
  {
    key: 'receiver',
    title: 'To',
    value: ({ receiver }) => receiver,
    cell: ({ receiver }) => <Name text={receiver} />,
  },
  { key: 'reason', title: 'Because', value: ({ reason }) => reasonWords[reason] ?? reason },
  {
    key: 'alerts',
    title: 'Tells of',
    value: ({ firing, resolved }) => `${firing} firing${resolved > 0 ? `, ${resolved} ended` : ''}`,
  },
  {
    key: 'group',
    title: 'Group',
    value: ({ groupLabels }) => labelsText(groupLabels, []),
    cell: ({ groupLabels }) => <Name text={labelsText(groupLabels, [])} mono />,
    room: 'wide',
  },
];

const reasonWords: Readonly<Record<string, string>> = {
  new: 'it began',
  changed: 'others joined or left',
  repeat: 'it goes on',
  resolved: 'it ended',
};

function receiverText({ receiver, notifications, reasons }: Receiver): string {
  const parts = Object.entries(reasons).filter(([, count]) => count > 0);
  const words = parts.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return `${receiver}: ${notifications} (${words})`;
}
