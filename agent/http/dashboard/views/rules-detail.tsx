import { href } from '../address.ts';
import { digits, formatMs } from '../format.ts';
import { Age, type Column, Name, Panel, Status, Table, Unknown } from '../parts/index.ts';
import { labelsText } from './alerts-words.ts';
import { Opened } from './opened.tsx';
import { RuleBacktest } from './rules-backtest.tsx';
import {
  type AlertingRule,
  durationText,
  type PlacedRule,
  type RuleAlert,
  stateTone,
  stateWord,
} from './rules-data.ts';

/** One rule: what it says, how it stands, and what it would have done. */
export function RuleDetail({ placed }: { readonly placed: PlacedRule }) {
  const { group, rule, key } = placed;
  return (
    <Opened openKey={key} title={<Name text={rule.name} mono />} params={['rule']}>
      <div class="alert-head">
        <Status tone={stateTone(rule)}>{stateWord(rule)}</Status>
        <span class="note">
          {rule.lastEvaluation === null ? (
            'not evaluated yet'
          ) : (
            <>
              evaluated <Age at={rule.lastEvaluation} /> in {formatMs(rule.durationMs)}, {rule.samples}{' '}
              {rule.samples === 1 ? 'sample' : 'samples'}
            </>
          )}
        </span>
      </div>
      {rule.error !== '' && (
        <p class="broken" role="alert">
          <span>
            Its last evaluation failed, its alerts stay as they were: <bdi>{rule.error}</bdi>
          </span>
        </p>
      )}
      <Panel title="Expression">
        <pre class="expression">
          <bdi>{rule.expression.trim()}</bdi>
        </pre>
        <Facts placed={placed} />
      </Panel>
      {rule.kind === 'alerting' && (
        <Panel
          title="Open alerts"
          note={
            rule.alertCount > rule.alerts.length && `The newest ${rule.alerts.length} of ${rule.alertCount}.`
          }
        >
          <Table
            caption="Open alerts of this rule"
            columns={alertColumns}
            rows={rule.alerts}
            keyOf={({ id }) => id}
            hrefOf={({ id }) => href({ view: 'alerts', params: { alert: id } })}
            empty={emptyText(rule)}
          />
        </Panel>
      )}
      {rule.kind === 'alerting' && <RuleBacktest key={`${group.file};${key}`} placed={placed} />}
    </Opened>
  );
}

function emptyText({ state, downSources }: AlertingRule): string {
  if (state !== 'unknown') return 'Its condition holds nowhere.';
  return downSources.length > 0
    ? `Nothing is known: ${downSources.join(', ')} ${downSources.length > 1 ? 'are' : 'is'} gone.`
    : 'Nothing is known: the rule was not evaluated, or could not be.';
}

function Facts({ placed: { group, rule } }: { readonly placed: PlacedRule }) {
  return (
    <dl class="facts">
      {rule.kind === 'alerting' && (
        <>
          <dt>For</dt>
          <dd>
            {rule.forMs === 0 ? 'fires at once' : `fires once it has lasted ${durationText(rule.forMs)}`}
          </dd>
          {rule.keepFiringForMs > 0 && (
            <>
              <dt>Keeps firing</dt>
              <dd>{durationText(rule.keepFiringForMs)} longer</dd>
            </>
          )}
          {rule.clear !== null && (
            <>
              <dt>Ends when</dt>
              <dd class="mono">
                <bdi>{rule.clear}</bdi>
              </dd>
            </>
          )}
          {rule.noData !== null && (
            <>
              <dt>Without data</dt>
              <dd>{rule.noData}</dd>
            </>
          )}
        </>
      )}
      {Object.keys(rule.labels).length > 0 && (
        <>
          <dt>Labels</dt>
          <dd class="mono">
            <bdi>{labelsText(rule.labels, [])}</bdi>
          </dd>
        </>
      )}
      {rule.kind === 'alerting' &&
        Object.entries(rule.annotations).map(([name, value]) => (
          <>
            <dt>
              <Name text={name} mono />
            </dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </>
        ))}
      <dt>Group</dt>
      <dd>
        <Name text={group.name} mono />, every {durationText(group.intervalMs)}
      </dd>
      <dt>File</dt>
      <dd class="mono">
        <bdi>
          {group.file}:{rule.line}
        </bdi>
      </dd>
    </dl>
  );
}

const tones = { firing: 'critical', pending: 'info', unknown: 'unknown' } as const;

const alertColumns: readonly Column<RuleAlert>[] = [
  {
    key: 'labels',
    title: 'Alert',
    value: ({ labels }) => labelsText(labels, ['alertname', 'severity']),
    cell: ({ labels }) => (
      <Name text={labelsText(labels, ['alertname', 'severity']) || 'without labels'} mono />
    ),
    room: 'wide',
  },
  {
    key: 'state',
    title: 'State',
    value: ({ state }) => state,
    cell: ({ state }) => <Status tone={tones[state]}>{state}</Status>,
  },
  {
    key: 'since',
    title: 'Since',
    value: ({ activeAt }) => activeAt,
    cell: ({ activeAt }) => <Age at={activeAt} />,
  },
  {
    key: 'value',
    title: 'Value',
    isNumber: true,
    value: ({ value }) => value,
    cell: ({ value }) => (value === null ? <Unknown /> : digits(value)),
  },
];
