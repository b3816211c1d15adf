import { useEffect, useRef } from 'preact/hooks';
import type { ShownAlert } from '../../../alert-shape.ts';
import { href } from '../address.ts';
import { digits } from '../format.ts';
import { Age, Name, Status, Unknown } from '../parts/index.ts';
import { AlertActions, takeAnswered } from './alerts-actions.tsx';
import { causeWord, labelsText, mutedText, severityTone, statusTone, statusWord } from './alerts-words.ts';

interface CardProps {
  readonly alert: ShownAlert;
  readonly onDone: () => void;
}

/** One open alert: what broke, who is hit, why, and who sees to it. */
export function AlertCard({ alert, onDone }: CardProps) {
  const { id, message, severity, createdAt, data, cause, reach } = alert;
  const labels = labelsText(data.labels, ['alertname', 'severity']);
  const link = useRef<HTMLAnchorElement>(null);
  // The button that was pressed is gone, or the card is in another list.
  useEffect(() => {
    if (takeAnswered(id)) link.current?.focus();
  }, [alert.status, alert.acknowledged === null]);
  return (
    <li class={`alert-card edge-${statusTone(alert)}`}>
      <div class="alert-head">
        <AlertBadges alert={alert} />
        <span class="alert-since">
          began <Age at={createdAt} />
        </span>
        <AlertActions alert={alert} onDone={onDone} />
      </div>
      <h3>
        <a ref={link} href={href({ params: { alert: id } })}>
          <bdi>{message}</bdi>
        </a>
      </h3>
      <p class="alert-names">
        <Name text={alert.type} mono />
        {labels !== '' && <Name text={labels} mono />}
        <span>
          value <AlertValue alert={alert} />
        </span>
        {severity !== 'none' && <span class="for-readers">severity {severity}</span>}
      </p>
      {cause && <CauseLine cause={cause} />}
      {reach && (
        <p class="alert-line">
          <span class="alert-word">Reach</span>
          <bdi>{reach.text}</bdi>
        </p>
      )}
      <AlertCare alert={alert} />
    </li>
  );
}

export function AlertBadges({ alert }: { readonly alert: ShownAlert }) {
  const { status, severity, flapping } = alert;
  return (
    <>
      <Status tone={statusTone(alert)}>{statusWord(status)}</Status>
      {severity !== 'none' && (
        <Status tone={status === 'active' ? severityTone(severity) : 'muted'}>
          <bdi>{severity}</bdi>
        </Status>
      )}
      {flapping && <Status tone="info">flapping</Status>}
    </>
  );
}

export function AlertValue({ alert }: { readonly alert: ShownAlert }) {
  const { value } = alert.data;
  return value === null ? <Unknown title="it has no value" /> : <span class="number">{digits(value)}</span>;
}

function CauseLine({ cause }: { readonly cause: NonNullable<ShownAlert['cause']> }) {
  return (
    <p class="alert-line">
      <span class="alert-word">Cause</span>
      <span>
        <Status tone={cause.kind === 'unknown' ? 'unknown' : 'info'}>{causeWord(cause.kind)}</Status>{' '}
        <bdi>{cause.text}</bdi>
      </span>
    </p>
  );
}

/** Who has seen it, why nobody is told, and that nothing is known of it. */
export function AlertCare({ alert }: { readonly alert: ShownAlert }) {
  const { acknowledged, mutedBy, unknownSources } = alert;
  return (
    <>
      {unknownSources.length > 0 && (
        <p class="alert-line">
          <span class="alert-word">Unknown</span>
          <span>
            Nothing is known of it now: <bdi>{unknownSources.join(', ')}</bdi>{' '}
            {unknownSources.length > 1 ? 'are' : 'is'} gone. It is neither over nor confirmed.
          </span>
        </p>
      )}
      {acknowledged && (
        <p class="alert-line">
          <span class="alert-word">Seen by</span>
          <span>
            <Name text={acknowledged.by} /> <Age at={acknowledged.at} />
            {acknowledged.comment !== '' && (
              <>
                : <q class="alert-quote">{acknowledged.comment}</q>
              </>
            )}
          </span>
        </p>
      )}
      {mutedBy && (
        <p class="alert-line">
          <span class="alert-word">Quiet</span>
          <span>
            It is <bdi>{mutedText(mutedBy)}</bdi>
            {mutedBy.by === 'silence' && (
              <>
                {' '}
                (
                <a href={href({ params: { tab: 'silences', alert: null, silence: mutedBy.id } })}>
                  which one
                </a>
                )
              </>
            )}
            .
          </span>
        </p>
      )}
    </>
  );
}
