import { href } from '../address.ts';
import { type Answer, getJson } from '../api.ts';
import { useData } from '../data.ts';
import { digits, formatMs } from '../format.ts';
import { Name, Panel, Time } from '../parts/index.ts';
import { AlertActions } from './alerts-actions.tsx';
import { AlertBadges, AlertCare, AlertValue } from './alerts-card.tsx';
import { type Detail, type Moved, MovedCharts, Recording } from './alerts-recording.tsx';
import { causeWord } from './alerts-words.ts';
import { Opened } from './opened.tsx';

interface DetailProps {
  readonly id: string;
  /** Another number when alerts may be others. */
  readonly changes: number;
  readonly onDone: () => void;
}

/** One alert with all that is known of it. */
export function AlertDetail({ id, changes, onDone }: DetailProps) {
  const from = useData(
    (signal) => getJson<Answer<Detail>>(`/api/monitoring/alerts/${encodeURIComponent(id)}`, {}, signal),
    [id, changes],
    { everyMs: 20_000 },
  );
  const alert = from.data?.data.id === id ? from.data.data : undefined;
  const done = () => {
    from.reload();
    onDone();
  };
  const isGone = from.error?.status === 404;
  return (
    <Opened
      openKey={id}
      title={alert ? <bdi>{alert.message}</bdi> : isGone ? 'No such alert' : 'Alert'}
      params={['alert']}
    >
      {isGone && (
        <p class="note">
          There is no alert with this id: it ended while it was pending, or so long ago that it is no longer
          kept.
        </p>
      )}
      {!isGone && !alert && (
        <Panel title="Alert" from={from}>
          {null}
        </Panel>
      )}
      {alert && <Body alert={alert} onDone={done} />}
    </Opened>
  );
}

function Body({ alert, onDone }: { readonly alert: Detail; readonly onDone: () => void }) {
  const { annotations } = alert.data;
  return (
    <>
      <div class="alert-head">
        <AlertBadges alert={alert} />
        <AlertActions alert={alert} onDone={onDone} />
      </div>
      {annotations.description !== undefined && annotations.description !== alert.message && (
        <p class="alert-text">
          <bdi>{annotations.description}</bdi>
        </p>
      )}
      <AlertCare alert={alert} />
      <div class="alert-columns">
        <Panel title="Why and who">
          <Cause alert={alert} />
        </Panel>
        <Panel title="Course">
          <Course alert={alert} />
        </Panel>
      </div>
      <Recording alert={alert} />
      <MovedCharts alert={alert} />
      <Panel title="Labels and annotations">
        <Facts alert={alert} />
      </Panel>
    </>
  );
}

function Cause({ alert: { cause, reach } }: { readonly alert: Detail }) {
  const moved = (cause?.moved ?? []) as readonly Moved[];
  return (
    <>
      <dl class="facts">
        <dt>Cause</dt>
        <dd>{cause ? <bdi>{`${causeWord(cause.kind)}: ${cause.text}`}</bdi> : 'looked for when it fires'}</dd>
        <dt>Reach</dt>
        <dd>{reach ? <bdi>{reach.text}</bdi> : 'looked for when it fires'}</dd>
      </dl>
      {moved.length > 0 && (
        <ul class="moved" aria-label="What moved in the same minutes">
          {moved.map(({ series, usual, now }) => (
            <li key={series}>
              <Name text={series} mono />
              <span class="note">
                usually {digits(usual)}, then {digits(now)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Course({ alert }: { readonly alert: Detail }) {
  const { firedAt, resolvedAt, createdAt, acknowledged, receivers } = alert;
  const lasted = firedAt && Date.parse(resolvedAt ?? new Date().toISOString()) - Date.parse(firedAt);
  return (
    <>
      <ol class="course">
        {firedAt === null && (
          <li>
            <Time at={createdAt} /> its condition holds; it fires once that has lasted
          </li>
        )}
        {firedAt !== null && (
          <li>
            <Time at={firedAt} /> began to fire
          </li>
        )}
        {acknowledged && (
          <li>
            <Time at={acknowledged.at} /> acknowledged by <Name text={acknowledged.by} />
          </li>
        )}
        {resolvedAt !== null && (
          <li>
            <Time at={resolvedAt} /> ended
          </li>
        )}
      </ol>
      <dl class="facts">
        <dt>{resolvedAt === null ? 'Lasts' : 'Lasted'}</dt>
        <dd>{typeof lasted === 'number' ? formatMs(lasted) : 'not yet firing'}</dd>
        <dt>Value</dt>
        <dd>
          <AlertValue alert={alert} />
        </dd>
        <dt>Told to</dt>
        <dd>
          {receivers.length > 0 ? (
            <Name text={receivers.join(', ')} />
          ) : resolvedAt === null ? (
            'nobody: no receiver has it'
          ) : (
            'it is over'
          )}
        </dd>
      </dl>
    </>
  );
}

function Facts({ alert }: { readonly alert: Detail }) {
  const { labels, annotations, fingerprint } = alert.data;
  const shown = Object.entries(annotations).filter(([name]) => name !== 'summary' && name !== 'description');
  return (
    <dl class="facts">
      <dt>Rule</dt>
      <dd>
        <a href={href({ view: 'rules', params: { rule: alert.type } })}>
          <Name text={alert.type} mono />
        </a>
      </dd>
      {Object.entries(labels)
        .filter(([name]) => name !== 'alertname')
        .map(([name, value]) => (
          <Pair key={name} name={name} value={value} />
        ))}
      {shown.map(([name, value]) => (
        <Pair key={`annotation ${name}`} name={name} value={value} />
      ))}
      <Pair name="fingerprint" value={fingerprint} />
    </dl>
  );
}

function Pair({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>
        <Name text={name} mono />
      </dt>
      <dd>
        {/^https?:\/\/[^\s]+$/.test(value) ? (
          <a href={value} rel="noreferrer noopener">
            <bdi>{value}</bdi>
          </a>
        ) : (
          <bdi class="mono">{value}</bdi>
        )}
      </dd>
    </>
  );
}
