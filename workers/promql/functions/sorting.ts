import { type Frame, withRows } from '../frame.ts';
import { compareLabels } from '../labels.ts';
import { type FunctionCall, frameArg } from './function.ts';

/** Only an instant query keeps an order: range queries are sorted by their labels in the end. */
function sorted(call: FunctionCall, compare: (left: number, right: number, frame: Frame) => number): Frame {
  const frame = frameArg(call, 0);
  if (frame.steps !== 1) return frame;
  const rows = frame.labels.map((_, row) => row).filter((row) => frame.present[row] === 1);
  return withRows(
    frame,
    rows.sort((left, right) => compare(left, right, frame)),
  );
}

/** NaN comes last both ways. */
function byValue(sign: 1 | -1): (call: FunctionCall) => Frame {
  return (call) =>
    sorted(call, (left, right, { values }) => {
      const a = values[left]!;
      const b = values[right]!;
      if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
      return a === b ? 0 : a < b ? -sign : sign;
    });
}

export const sort = byValue(1);
export const sortDesc = byValue(-1);

function byLabel(sign: 1 | -1): (call: FunctionCall) => Frame {
  return (call) => {
    const names = call.values.slice(1) as string[];
    return sorted(call, (left, right, { labels }) => {
      const a = labels[left]!;
      const b = labels[right]!;
      for (const name of names) {
        const own = a.get(name);
        const other = b.get(name);
        if (own !== other) return precedes(own, other) ? -sign : sign;
      }
      return sign * compareLabels(a, b);
    });
  };
}

export const sortByLabel = byLabel(1);
export const sortByLabelDesc = byLabel(-1);

const chunks = /\d+|\D+/g;

/** Natural order: runs of digits as numbers, the rest as text (github.com/facette/natsort, Compare). */
function precedes(left: string, right: string): boolean {
  const a = left.match(chunks) ?? [];
  const b = right.match(chunks) ?? [];
  for (let index = 0; index < a.length; index++) {
    if (index >= b.length) return false;
    const own = a[index]!;
    const other = b[index]!;
    const isNumeric = /^\d/.test(own) && /^\d/.test(other);
    const isSame = isNumeric ? BigInt(own) === BigInt(other) : own === other;
    if (isSame) {
      if (index === a.length - 1) return true;
      if (index === b.length - 1) return false;
      continue;
    }
    return isNumeric ? BigInt(own) < BigInt(other) : own < other;
  }
  return false;
}
