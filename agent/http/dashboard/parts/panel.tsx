import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Loaded } from '../data.ts';
import { Icon } from './icon.tsx';

export interface PanelProps {
  readonly title: string;
  /** Beside the title. */
  readonly actions?: ComponentChildren;
  /** A line below the title, such as what range a table is of. */
  readonly note?: ComponentChildren;
  /** Of what the panel shows: while there is no data it shows that it loads, or why it could not. */
  readonly from?: Pick<Loaded<unknown>, 'data' | 'error' | 'isLoading' | 'stale' | 'reload'>;
  /** Shown instead of the children: that there is nothing, and what to do about it. */
  readonly empty?: ComponentChildren | false;
  readonly class?: string;
  readonly children?: ComponentChildren;
}

/** A part of a view with a heading. */
export function Panel({ title, actions, note, from, empty, class: extra = '', children }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${extra}`} aria-labelledby={id} aria-busy={from?.isLoading ? 'true' : undefined}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {actions && <div class="panel-actions">{actions}</div>}
      </header>
      {note && <p class="note">{note}</p>}
      {from?.error && <Broken from={from} />}
      <Body from={from} empty={empty}>
        {children}
      </Body>
    </section>
  );
}

function Body({ from, empty, children }: Pick<PanelProps, 'from' | 'empty' | 'children'>) {
  if (from && from.data === undefined) return from.error ? null : <p class="loading">Loading…</p>;
  if (empty) return <div class="empty">{empty}</div>;
  return <div class={from?.stale ? 'panel-body is-stale' : 'panel-body'}>{children}</div>;
}

function Broken({ from }: { from: NonNullable<PanelProps['from']> }) {
  const { error, data, reload } = from;
  return (
    <div class="broken" role="alert">
      <Icon name="warning" />
      <p>
        {data === undefined ? 'This could not be loaded: ' : 'This is not the newest: '}
        <bdi>{error?.message}</bdi>.
      </p>
      <button type="button" class="small" onClick={reload}>
        Try again
      </button>
    </div>
  );
}
