import { formatAge, formatTime, formatValue, type Unit, unknownText } from '../format.ts';
import { useNow } from './now.ts';

/** A number with its unit; `–` with a word for it where nothing is known. */
export function Value({ value, unit }: { value: number | null | undefined; unit: Unit }) {
  const text = formatValue(value, unit);
  return text === unknownText ? <Unknown /> : <span class="number">{text}</span>;
}

export function Unknown({ title = 'not known' }: { title?: string }) {
  return (
    <span class="unknown" title={title}>
      <span aria-hidden="true">{unknownText}</span>
      <span class="for-readers">{title}</span>
    </span>
  );
}

/** `5 min ago`, with the full time as its title. */
export function Age({ at }: { at: string | number | null | undefined }) {
  const now = useNow(10_000);
  if (at === null || at === undefined) return <Unknown />;
  const timeMs = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(timeMs).toISOString()} title={new Date(timeMs).toLocaleString()}>
      {formatAge(timeMs, now)}
    </time>
  );
}

/** `14:03:22`, with the full time as its title. */
export function Time({ at }: { at: string | number | null | undefined }) {
  if (at === null || at === undefined) return <Unknown />;
  const timeMs = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(timeMs).toISOString()} title={new Date(timeMs).toLocaleString()}>
      {formatTime(timeMs)}
    </time>
  );
}

/** A name from outside: text on one line, its directions isolated, the rest in its title. */
export function Name({ text, mono = false }: { text: string; mono?: boolean }) {
  return (
    <bdi class={mono ? 'name mono' : 'name'} title={text.length > 20 ? text.slice(0, 2000) : undefined}>
      {text.length > 300 ? `${text.slice(0, 300)}…` : text}
    </bdi>
  );
}
