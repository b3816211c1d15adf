import { useEffect, useRef, useState } from 'preact/hooks';
import { type Compare, navigate, useAddress } from '../address.ts';
import { agentNow } from '../live.ts';
import {
  lengthMs,
  movedRange,
  offeredRanges,
  rangeText,
  spanOf,
  spanText,
  type TimeRange,
  widerRange,
} from '../time-range.ts';
import { Icon } from './icon.tsx';

const compareTexts: readonly (readonly [Compare, string])[] = [
  ['none', 'No comparison'],
  ['1d', 'Beside the day before'],
  ['7d', 'Beside the week before'],
];

/** The range of the page, and which earlier time charts show beside it; both are in the address. */
export function RangePicker() {
  const { range, compare } = useAddress();
  const [isOpen, setIsOpen] = useState(false);
  const room = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setIsOpen(false);
    opener.current?.focus();
  };
  const go = (next: TimeRange) => navigate({ range: next });
  const choose = (next: TimeRange) => {
    go(next);
    close();
  };
  useEffect(() => {
    if (!isOpen) return undefined;
    const onPointer = (event: Event) => {
      if (!room.current?.contains(event.target as Node)) setIsOpen(false);
    };
    document.addEventListener('pointerdown', onPointer);
    return () => document.removeEventListener('pointerdown', onPointer);
  }, [isOpen]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the menu wherever the focus is in it
    <div
      class="range"
      ref={room}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && isOpen) close();
      }}
    >
      <select
        aria-label="Earlier time shown beside it"
        class="range-compare"
        value={compare}
        onChange={(event) => navigate({ compare: event.currentTarget.value as Compare })}
      >
        {compareTexts.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <div class="range-steps">
        <button
          type="button"
          aria-label="Earlier"
          title="Earlier"
          onClick={() => go(movedRange(range, -1, agentNow()))}
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          aria-label="Longer"
          title="Longer"
          onClick={() => go(widerRange(range, agentNow()))}
        >
          <Icon name="wider" />
        </button>
        <button
          type="button"
          aria-label="Later"
          title="Later"
          disabled={range.kind === 'last'}
          onClick={() => go(movedRange(range, 1, agentNow()))}
        >
          <Icon name="right" />
        </button>
      </div>
      <button
        type="button"
        ref={opener}
        class="range-open"
        aria-expanded={isOpen}
        aria-label={`Time range: ${rangeText(range)}`}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="clock" />
        {rangeText(range)}
        <Icon name="down" />
      </button>
      {isOpen && <Menu range={range} onChoose={choose} />}
    </div>
  );
}

function Menu({ range, onChoose }: { range: TimeRange; onChoose: (range: TimeRange) => void }) {
  const { fromMs, toMs } = spanOf(range, agentNow());
  const [problem, setProblem] = useState<string>();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const [from, to] = [Date.parse(String(form.get('from'))), Date.parse(String(form.get('to')))];
    if (Number.isNaN(from) || Number.isNaN(to)) return setProblem('Fill in both times.');
    if (to - from < 10_000) return setProblem('The end must lie after the beginning.');
    onChoose({ kind: 'fixed', fromMs: from, toMs: to });
  };
  return (
    <div class="range-menu">
      <div class="range-offers">
        {offeredRanges.map((one) => (
          <button
            type="button"
            key={lengthMs(one)}
            aria-pressed={range.kind === 'last' && lengthMs(range) === lengthMs(one)}
            aria-label={rangeText(one)}
            onClick={() => onChoose(one)}
          >
            {spanText(lengthMs(one))}
          </button>
        ))}
      </div>
      <form onSubmit={submit}>
        <label>
          From
          <input type="datetime-local" name="from" step="1" value={localText(fromMs)} />
        </label>
        <label>
          To
          <input type="datetime-local" name="to" step="1" value={localText(toMs)} />
        </label>
        {problem && (
          <p class="login-problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary">
          Show this time
        </button>
      </form>
    </div>
  );
}

/** As such inputs take it: local time, whole seconds. */
function localText(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}
