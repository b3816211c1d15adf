import type { ComponentChildren } from 'preact';
import { formatValue, type Unit, unknownText } from '../format.ts';
import type { Tone } from './status.tsx';
import { Unknown } from './value.tsx';

export interface StatProps {
  readonly label: string;
  readonly value: number | null | undefined;
  readonly unit: Unit;
  /** The newest last; null is a gap. */
  readonly spark?: readonly (number | null)[];
  readonly tone?: Tone;
  /** A line below, such as what it is of. */
  readonly note?: ComponentChildren;
  /** Where to see more. */
  readonly href?: string;
}

/** One number with its name. */
export function Stat({ label, value, unit, spark, tone, note, href }: StatProps) {
  const text = formatValue(value, unit);
  const inside = (
    <>
      <span class="stat-label">{label}</span>
      <span class="stat-value">{text === unknownText ? <Unknown /> : text}</span>
      {note && <span class="stat-note">{note}</span>}
      {spark && <Spark values={spark} />}
    </>
  );
  const classes = `stat ${tone ? `tone-${tone}` : ''}`;
  return href ? (
    <a class={classes} href={href}>
      {inside}
    </a>
  ) : (
    <div class={classes}>{inside}</div>
  );
}

const sparkWidth = 100;
const sparkHeight = 24;

/** A line without axes: only its shape says something. Gaps stay gaps. */
export function Spark({ values }: { values: readonly (number | null)[] }) {
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${sparkWidth} ${sparkHeight}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      <path d={sparkPath(values)} />
    </svg>
  );
}

function sparkPath(values: readonly (number | null)[]): string {
  let most = 0;
  for (const value of values) if (value !== null && value > most) most = value;
  const scale = most === 0 ? 0 : (sparkHeight - 2) / most;
  let path = '';
  let isDown = false;
  values.forEach((value, at) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const x = (at / Math.max(1, values.length - 1)) * sparkWidth;
    path += `${isDown ? 'L' : 'M'}${x.toFixed(1)} ${(sparkHeight - 1 - value * scale).toFixed(1)}`;
    isDown = true;
  });
  return path;
}
