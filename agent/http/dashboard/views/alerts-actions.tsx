import { useState } from 'preact/hooks';
import type { ShownAlert, ShownSilence } from '../../../alert-shape.ts';
import { reloadOpenAlerts } from '../agent-state.ts';
import { ApiError, sendJson, useIsAdmin, useSession } from '../api.ts';
import { Dialog, Name, toast } from '../parts/index.ts';
import { matchersFor } from './alerts-words.ts';

interface ActionsProps {
  readonly alert: ShownAlert;
  readonly onDone: () => void;
}

/** What can be said to an alert; nothing for who may only read. */
export function AlertActions({ alert, onDone }: ActionsProps) {
  const isAdmin = useIsAdmin();
  const [asks, setAsks] = useState<'ack' | 'silence' | null>(null);
  if (!isAdmin || alert.status === 'resolved') return null;
  const close = () => setAsks(null);
  const done = () => {
    answered = alert.id;
    close();
    onDone();
    void reloadOpenAlerts();
  };
  const name = `${alert.type}: ${alert.message}`;
  return (
    <div class="alert-actions">
      {alert.status !== 'acknowledged' && !alert.acknowledged && (
        <button type="button" onClick={() => setAsks('ack')} aria-label={`Acknowledge ${name}`}>
          Acknowledge
        </button>
      )}
      {alert.mutedBy?.by !== 'silence' && (
        <button type="button" onClick={() => setAsks('silence')} aria-label={`Silence ${name}`}>
          Silence
        </button>
      )}
      {asks === 'ack' && <AcknowledgeDialog alert={alert} onClose={close} onDone={done} />}
      {asks === 'silence' && (
        <SilenceDialog matchers={matchersFor(alert.data.labels)} onClose={close} onDone={done} />
      )}
    </div>
  );
}

/** The alert that something was said to last: its card takes the focus once it stands otherwise. */
let answered: string | undefined;

export function takeAnswered(id: string): boolean {
  if (answered !== id) return false;
  answered = undefined;
  return true;
}

/** Why the buttons are not there. */
export function ReaderNote() {
  const session = useSession();
  if (session?.role !== 'viewer') return null;
  return (
    <p class="note">
      You are logged in as <Name text={session.name} />, who may only read: to acknowledge and silence takes a
      token with the role admin.
    </p>
  );
}

interface DialogProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function AcknowledgeDialog({ alert, onClose, onDone }: DialogProps & { readonly alert: ShownAlert }) {
  const [comment, setComment] = useState('');
  const send = useSending(async () => {
    await sendJson('POST', `/api/monitoring/alerts/${encodeURIComponent(alert.id)}/ack`, { comment });
    toast(`Acknowledged ${alert.type}: it is not repeated, its end is still told.`);
    onDone();
  });
  return (
    <Dialog title="Acknowledge" onClose={onClose}>
      <form class="fields" onSubmit={send.submit}>
        <p>
          <bdi>{alert.message}</bdi>
        </p>
        <label>
          What is done about it
          <textarea
            value={comment}
            maxLength={500}
            placeholder="Optional: whoever looks next will read it"
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        <Sending {...send} word="Acknowledge" onClose={onClose} />
      </form>
    </Dialog>
  );
}

const durations = [
  ['30m', '30 minutes'],
  ['1h', '1 hour'],
  ['2h', '2 hours'],
  ['4h', '4 hours'],
  ['12h', '12 hours'],
  ['1d', '1 day'],
  ['3d', '3 days'],
  ['7d', '7 days'],
] as const;

interface SilenceDialogProps extends DialogProps {
  /** One condition a line. */
  readonly matchers?: string;
  /** The one to change. */
  readonly silence?: ShownSilence;
}

export function SilenceDialog({ matchers = '', silence, onClose, onDone }: SilenceDialogProps) {
  const [conditions, setConditions] = useState(silence?.matchers.join('\n') ?? matchers);
  const [duration, setDuration] = useState('2h');
  const [comment, setComment] = useState(silence?.comment ?? '');
  const send = useSending(async () => {
    const lines = conditions.split('\n').map((line) => line.trim());
    await sendJson('POST', '/api/monitoring/silences', {
      ...(silence && { id: silence.id, createdBy: silence.createdBy }),
      ...{ matchers: lines.filter((line) => line !== ''), duration, comment },
    });
    toast(silence ? 'The silence is changed.' : 'Silenced: alerts that fit are kept back until it ends.');
    onDone();
  });
  return (
    <Dialog title={silence ? 'Change silence' : 'Silence'} onClose={onClose}>
      <form class="fields" onSubmit={send.submit}>
        <label>
          Alerts whose labels fit every line
          <textarea
            class="mono"
            value={conditions}
            rows={4}
            required
            spellcheck={false}
            placeholder={'alertname="high-queue"\nqueue=~"mail|reports"'}
            onInput={(event) => setConditions(event.currentTarget.value)}
          />
          <span class="note">
            Operators: = != =~ !~, the latter two with a regular expression for the whole value.
          </span>
        </label>
        <label>
          For how long, from now on
          <select value={duration} onChange={(event) => setDuration(event.currentTarget.value)}>
            {durations.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <label>
          Why
          <input
            type="text"
            value={comment}
            maxLength={500}
            required
            placeholder="Such as: database moves tonight"
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        <Sending {...send} word={silence ? 'Change' : 'Silence'} onClose={onClose} />
      </form>
    </Dialog>
  );
}

interface SendingState {
  readonly isBusy: boolean;
  readonly problem: string;
}

/** Sends a form once at a time and keeps what the agent had against it. */
export function useSending(send: () => Promise<void>): SendingState & { submit: (event: Event) => void } {
  const [state, setState] = useState<SendingState>({ isBusy: false, problem: '' });
  const submit = (event: Event) => {
    event.preventDefault();
    if (state.isBusy) return;
    setState({ isBusy: true, problem: '' });
    send().then(
      () => setState({ isBusy: false, problem: '' }),
      (error: unknown) => setState({ isBusy: false, problem: problemOf(error) }),
    );
  };
  return { ...state, submit };
}

function problemOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 0) return 'the agent does not answer; try again';
  return error instanceof Error ? error.message : String(error);
}

/** The end of a form. */
export function Sending({
  isBusy,
  problem,
  word,
  onClose,
}: SendingState & { word: string; onClose: () => void }) {
  return (
    <>
      {problem !== '' && (
        <p class="broken" role="alert">
          <bdi>{problem}</bdi>
        </p>
      )}
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="primary" disabled={isBusy}>
          {word}
        </button>
      </div>
    </>
  );
}
