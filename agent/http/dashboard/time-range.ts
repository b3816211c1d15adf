/** What a page shows: the time up to now, or a stretch of the past. */
export type TimeRange =
  | { readonly kind: 'last'; readonly ms: number }
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly toMs: number };

/** Milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const defaultRange: TimeRange = { kind: 'last', ms: 3_600_000 };

const unitsMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
const unitNames = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', y: 'year' };
type UnitLetter = keyof typeof unitsMs;
const letters = Object.keys(unitsMs) as UnitLetter[];

const shortestMs = 10_000;
const longestMs = 2 * unitsMs.y;

/** Those that are offered; any other can be in the address. */
export const offeredRanges: readonly TimeRange[] = ['5m', '15m', '1h', '6h', '24h', '7d', '30d', '90d'].map(
  (text) => ({ kind: 'last', ms: parseSpanText(text)! }),
);

/** `90m` as milliseconds; undefined when it is no such text. */
export function parseSpanText(text: string): number | undefined {
  const found = /^(\d{1,9})([smhdwy])$/.exec(text);
  return found ? Number(found[1]) * unitsMs[found[2] as UnitLetter] : undefined;
}

/** The shortest such text, `90m` and not `5400s`; days stay hours up to two of them. */
export function spanText(ms: number): string {
  if (ms === unitsMs.d) return '24h';
  const letter = [...letters].reverse().find((one) => one !== 'y' && one !== 'w' && ms % unitsMs[one] === 0);
  return letter ? `${ms / unitsMs[letter]}${letter}` : `${Math.max(1, Math.round(ms / 1000))}s`;
}

/**
 * The range of an address: `range=6h`, or `from` and `to` as ISO times or milliseconds. Undefined when neither makes
 * sense: the caller takes its default.
 */
export function parseRange(params: Readonly<Record<string, string | undefined>>): TimeRange | undefined {
  const fromMs = parseTime(params.from);
  const toMs = parseTime(params.to);
  if (fromMs !== undefined && toMs !== undefined && toMs - fromMs >= 1000)
    return { kind: 'fixed', fromMs, toMs };
  const ms = params.range === undefined ? undefined : parseSpanText(params.range);
  return ms !== undefined && ms >= shortestMs && ms <= longestMs ? { kind: 'last', ms } : undefined;
}

function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const ms = /^\d{12,14}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** What `parseRange` reads back. */
export function rangeParams(range: TimeRange): Record<string, string> {
  if (range.kind === 'last') return { range: spanText(range.ms) };
  return { from: isoText(range.fromMs), to: isoText(range.toMs) };
}

function isoText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

export function spanOf(range: TimeRange, nowMs: number): Span {
  return range.kind === 'fixed'
    ? { fromMs: range.fromMs, toMs: range.toMs }
    : { fromMs: nowMs - range.ms, toMs: nowMs };
}

export function lengthMs(range: TimeRange): number {
  return range.kind === 'last' ? range.ms : range.toMs - range.fromMs;
}

/** `Last 15 minutes`, `24 Nov 10:00 – 12:30`. */
export function rangeText(range: TimeRange): string {
  if (range.kind === 'last') return `Last ${spanWords(range.ms)}`;
  const from = new Date(range.fromMs);
  const to = new Date(range.toMs);
  const isOneDay = from.toDateString() === to.toDateString();
  return `${dayText(from)} ${clockText(from)} – ${isOneDay ? '' : `${dayText(to)} `}${clockText(to)}`;
}

/** `15 minutes`, `hour`, `7 days`. */
export function spanWords(ms: number): string {
  const text = spanText(ms);
  const count = Number.parseInt(text, 10);
  const name = unitNames[text.at(-1) as UnitLetter];
  return count === 1 ? name : `${count} ${name}s`;
}

function dayText(date: Date): string {
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

function clockText(date: Date): string {
  const seconds = date.getSeconds() !== 0;
  return date.toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds && { second: '2-digit' }),
  });
}

/** Steps that people would choose themselves, so that points fall on round times. */
const niceStepsMs = [
  ...[1, 2, 4, 5, 10, 15, 20, 30].map((s) => s * 1000),
  ...[1, 2, 5, 10, 15, 20, 30].map((m) => m * 60_000),
  ...[1, 2, 3, 6, 12].map((h) => h * 3_600_000),
  ...[1, 2, 7].map((d) => d * 86_400_000),
];

/**
 * How far apart the points of a chart are: about one for every two pixels, never closer than the agent measures.
 * Never more than 11,000 points, which is what a query may have.
 */
export function stepOf({ fromMs, toMs }: Span, widthPx: number, intervalMs: number): number {
  const points = Math.min(11_000, Math.max(30, Math.floor(widthPx / 2)));
  const leastMs = Math.max((toMs - fromMs) / points, intervalMs);
  // Intervals such as 16 s have hardly any: better an odd step than twice as few points.
  const nice = niceStepsMs.find((ms) => ms >= leastMs && ms % intervalMs === 0);
  return nice !== undefined && nice <= leastMs * 3 ? nice : roundedUp(leastMs, intervalMs);
}

/** The span with both ends on multiples of the step, so that every chart of a page has the same points. */
export function alignedSpan({ fromMs, toMs }: Span, stepMs: number): Span {
  const alignedTo = Math.floor(toMs / stepMs) * stepMs;
  const alignedFrom = Math.ceil(fromMs / stepMs) * stepMs;
  return { fromMs: Math.min(alignedFrom, alignedTo), toMs: alignedTo };
}

function roundedUp(ms: number, unitMs: number): number {
  return Math.ceil(ms / unitMs) * unitMs;
}

/** So much of the newest step has to be over before it is shown: what it says first is said by chance. */
export function leastOfStepMs(stepMs: number): number {
  return Math.min(stepMs * 0.6, 120_000);
}

/** The aligned span up to now, with the step that is not over yet when it is a long one and says something already. */
export function spanUntilNow(span: Span, stepMs: number): Span {
  const { fromMs, toMs } = alignedSpan(span, stepMs);
  const isShown = stepMs > 60_000 && span.toMs - toMs >= leastOfStepMs(stepMs);
  return { fromMs, toMs: isShown ? toMs + stepMs : toMs };
}

/** How often what is shown of a range is asked again; undefined for a stretch of the past, which stays as it is. */
export function refreshMs(range: TimeRange): number | undefined {
  return range.kind === 'fixed' ? undefined : Math.min(60_000, Math.max(5000, range.ms / 360));
}

/** As long, its whole length earlier (-1) or later (1); what would end after now is the last such time. */
export function movedRange(range: TimeRange, direction: -1 | 1, nowMs: number): TimeRange {
  const { fromMs, toMs } = spanOf(range, nowMs);
  const ms = (toMs - fromMs) * direction;
  return untilNow({ fromMs: fromMs + ms, toMs: toMs + ms }, nowMs);
}

/** Twice as long around the same middle, or the next longer one up to now. */
export function widerRange(range: TimeRange, nowMs: number): TimeRange {
  if (range.kind === 'last') {
    const next = offeredRanges.find((one) => lengthMs(one) > range.ms);
    return next ?? { kind: 'last', ms: Math.min(longestMs, range.ms * 2) };
  }
  const half = Math.min(lengthMs(range), longestMs / 2) / 2;
  return untilNow({ fromMs: range.fromMs - half, toMs: range.toMs + half }, nowMs);
}

function untilNow({ fromMs, toMs }: Span, nowMs: number): TimeRange {
  const round = (ms: number) => Math.round(ms / 1000) * 1000;
  if (toMs < nowMs) return { kind: 'fixed', fromMs: round(fromMs), toMs: round(toMs) };
  return { kind: 'last', ms: Math.max(shortestMs, Math.min(longestMs, round(toMs - fromMs))) };
}
