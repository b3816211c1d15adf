import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import type { Tone } from './status.tsx';

interface Said {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
}

const shownMs = 6000;
let said: readonly Said[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

/** Says at the edge of the page what came of something; screen readers say it too. */
export function toast(text: string, tone: Tone = 'ok'): void {
  const one = { id: nextId++, tone, text };
  change([...said.slice(-3), one]);
  // What went wrong stays until it is closed.
  if (tone !== 'critical') setTimeout(() => change(said.filter(({ id }) => id !== one.id)), shownMs);
}

function change(next: readonly Said[]): void {
  said = next;
  for (const listener of listeners) listener();
}

/** Where toasts appear: once a page. */
export function Toasts() {
  const [shown, setShown] = useState(said);
  useEffect(() => {
    const follow = () => setShown(said);
    listeners.add(follow);
    return () => {
      listeners.delete(follow);
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map(({ id, tone, text }) => (
        <div key={id} class={`toast tone-${tone}`}>
          <Icon name={tone === 'ok' ? 'check' : 'warning'} />
          <bdi>{text}</bdi>
          <button
            type="button"
            class="plain"
            aria-label="Close"
            onClick={() => change(said.filter((one) => one.id !== id))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
