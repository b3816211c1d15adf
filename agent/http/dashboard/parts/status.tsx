import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** `unknown` is neither good nor bad: nothing is known. */
export type Tone = 'ok' | 'info' | 'warning' | 'critical' | 'unknown' | 'muted';

const icons: Readonly<Record<Tone, IconName>> = {
  ok: 'check',
  info: 'info',
  warning: 'warning',
  critical: 'critical',
  unknown: 'question',
  muted: 'dot',
};

/** How something is, by a word, a shape and a colour: never by colour alone. */
export function Status({
  tone,
  children,
  title,
}: {
  tone: Tone;
  children: ComponentChildren;
  title?: string;
}) {
  return (
    <span class={`status tone-${tone}`} title={title}>
      <Icon name={icons[tone]} />
      <span>{children}</span>
    </span>
  );
}
