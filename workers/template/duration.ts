import { type Callable, Named, type TypeInfo, type Value } from './value.ts';

const second = 1_000_000_000n;

/** A duration as Go prints it: `1h2m3.5s`. */
export function durationText(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size === 0n) return '0s';
  if (size < second) {
    const [unit, scale] = size < 1000n ? ['ns', 1n] : size < 1_000_000n ? ['µs', 1000n] : ['ms', 1_000_000n];
    return `${sign}${withFraction(size, scale as bigint)}${unit}`;
  }
  const minutes = size / (60n * second);
  const seconds = `${withFraction(size % (60n * second), second)}s`;
  if (minutes === 0n) return sign + seconds;
  return `${sign}${minutes >= 60n ? `${minutes / 60n}h` : ''}${minutes % 60n}m${seconds}`;
}

function withFraction(value: bigint, scale: bigint): string {
  const fraction = String(value % scale)
    .padStart(String(scale).length - 1, '0')
    .replace(/0+$/, '');
  return `${value / scale}${scale === 1n || fraction === '' ? '' : `.${fraction}`}`;
}

/** Nanoseconds of a `time.Duration`. */
export function nanosecondsOf(value: Named): bigint {
  return value.value as bigint;
}

const numbers = (scale: number): Callable => ({
  takes: [],
  call: (duration: Named) => Number(nanosecondsOf(duration)) / scale,
});

const counts = (scale: bigint): Callable => ({
  takes: [],
  call: (duration: Named) => nanosecondsOf(duration) / scale,
});

function rounded(value: bigint, to: bigint): bigint {
  if (to <= 0n) return value;
  const sign = value < 0n ? -1n : 1n;
  const rest = value % to;
  const isUp = rest * sign * 2n >= to;
  return value - rest + (isUp ? sign * to : 0n);
}

const methods = new Map<string, Callable>([
  ['Hours', numbers(3600e9)],
  ['Minutes', numbers(60e9)],
  ['Seconds', numbers(1e9)],
  ['Milliseconds', counts(1_000_000n)],
  ['Microseconds', counts(1000n)],
  ['Nanoseconds', counts(1n)],
  ['String', { takes: [], call: (duration: Named) => durationText(nanosecondsOf(duration)) }],
  ['Abs', { takes: [], call: (duration: Named) => durationOf(abs(nanosecondsOf(duration))) }],
  [
    'Round',
    {
      takes: ['time.Duration'],
      call: (duration: Named, to: Named) => durationOf(rounded(nanosecondsOf(duration), nanosecondsOf(to))),
    },
  ],
  [
    'Truncate',
    {
      takes: ['time.Duration'],
      call: (duration: Named, to: Named) => {
        const [value, unit] = [nanosecondsOf(duration), nanosecondsOf(to)];
        return durationOf(unit <= 0n ? value : value - (value % unit));
      },
    },
  ],
]);

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

const durationType: TypeInfo = {
  name: 'time.Duration',
  methods,
  text: (duration: Named) => durationText(nanosecondsOf(duration)),
};

/** `*time.Duration`, which some functions of Prometheus give. */
const durationPointerType: TypeInfo = { ...durationType, name: '*time.Duration' };

export function durationOf(nanoseconds: bigint, isPointer = false): Named {
  return new Named(isPointer ? durationPointerType : durationType, BigInt.asIntN(64, nanoseconds));
}

export function isDuration(value: Value): value is Named {
  return value instanceof Named && value.type === durationType;
}
