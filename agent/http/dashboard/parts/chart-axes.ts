import type uPlot from 'uplot';
import { formatValue, type Unit } from '../format.ts';
import type { Span } from '../time-range.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** `14:03`, with seconds where ticks are that close, and the day where it begins. */
export function timeLabels(splitsMs: readonly number[], incrementMs: number): string[] {
  return splitsMs.map((ms, at) => {
    const date = new Date(ms);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
    if (incrementMs >= dayMs || (isMidnight && at > 0)) {
      return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
    }
    const text = date.toLocaleTimeString('en-GB');
    return incrementMs < 60_000 ? text : text.slice(0, 5);
  });
}

/** Round numbers of bytes are those of two. */
const byteSteps = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Milliseconds up to a second are decimal, then whole seconds and minutes. */
const msSteps = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400].map((s) => s * 1000),
];

export interface Colours {
  readonly text: string;
  readonly grid: string;
  readonly mark: string;
  /** By place in the palette, from 1. */
  readonly series: readonly string[];
}

const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export function axesOf(unit: Unit, colours: Colours): uPlot.Axis[] {
  const look = {
    font,
    stroke: colours.text,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
  };
  const steps =
    unit === 'bytes' || unit === 'bytesPerSecond' ? byteSteps : unit === 'ms' ? msSteps : undefined;
  return [
    {
      ...look,
      grid: { show: false },
      size: 24,
      gap: 5,
      // Times with seconds need more of it.
      space: (_plot, _axis, minMs, maxMs) => (maxMs - minMs < 4 * 60_000 ? 68 : 48),
      values: (_plot, splits, _axis, _space, increment) => timeLabels(splits, increment),
    },
    {
      ...look,
      gap: 6,
      space: 26,
      ...(steps && { incrs: steps }),
      values: (_plot, splits) => splits.map((value) => formatValue(value, unit)),
      // As wide as the widest number, in steps, so that charts below each other mostly begin at one line.
      size: (_plot, values) => {
        const most = Math.max(3, ...(values ?? []).map((text) => text.length));
        return Math.ceil((most * 6.4 + 12) / 8) * 8;
      },
    },
  ];
}

/** From 0 to a little above the highest value; time as asked for, whatever values there are. */
export function scalesOf(spanNow: () => Span, leastTop: number): uPlot.Scales {
  return {
    x: {
      time: true,
      range: () => {
        const { fromMs, toMs } = spanNow();
        return [fromMs, Math.max(toMs, fromMs + 1)];
      },
    },
    y: {
      range: (_plot, min, max) => {
        const top = Math.max(max ?? 0, leastTop);
        if (top <= 0 && (min ?? 0) >= 0) return [0, 1];
        const low = min !== null && min < 0 ? min * 1.06 : 0;
        return [low, top * 1.06];
      },
    },
  };
}
