import { z } from 'zod';

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

const sizeUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

const durationPattern = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w|y)$/;
const sizePattern = /^([0-9]+(?:\.[0-9]+)?)(B|KB|MB|GB|TB)$/;

/** Milliseconds of `500ms`, `2s`, `1.5h`, `14d`, `1y` (365 days); undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, durationPattern, durationUnits);
}

/** Numbers of years, weeks, days, hours, minutes, seconds and milliseconds, each once and in this order. */
const prometheusPattern =
  /^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;

/**
 * Milliseconds of a duration in Prometheus' spelling: `90s`, `1h30m`, `0`; undefined when it is none.
 * Source: prometheus/common, model/time.go.
 */
export function parsePrometheusDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = text === '' ? null : prometheusPattern.exec(text);
  if (!match) return undefined;
  const unitsMs = ['y', 'w', 'd', 'h', 'm', 's', 'ms'].map((unit) => durationUnits[unit]!);
  return unitsMs.reduce((sum, unitMs, i) => sum + Number(match[i + 1] ?? 0) * unitMs, 0);
}

/** A Zod schema that takes a duration text in Prometheus' spelling from `min` to `max` and gives milliseconds. */
export function prometheusDuration(min: string, max: string) {
  return z
    .string({ error: 'expected a duration with its units, such as 30s, 5m or 1h30m' })
    .meta({ from: min, to: max })
    .transform((text, context) => {
      const value = parsePrometheusDuration(text);
      if (value === undefined) {
        context.addIssue({
          code: 'custom',
          message: 'expected a duration with its units, such as 30s, 5m or 1h30m',
        });
        return z.NEVER;
      }
      if (value < parsePrometheusDuration(min)! || value > parsePrometheusDuration(max)!)
        context.addIssue({ code: 'custom', message: `expected a duration from ${min} to ${max}` });
      return value;
    });
}

/** Bytes of `64KB`, `1GB`; units are powers of 1024. Undefined when it is not a size. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, sizePattern, sizeUnits);
}

/** The shortest exact duration text: `2s`, `90s`, `14d`. */
export function formatDuration(ms: number): string {
  for (const unit of ['y', 'w', 'd', 'h', 'm', 's']) {
    if (unit !== 'w' && ms >= durationUnits[unit]! && ms % durationUnits[unit]! === 0)
      return `${ms / durationUnits[unit]!}${unit}`;
  }
  return `${ms}ms`;
}

/** The shortest exact size text: `2GB`, `1536MB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['TB', 'GB', 'MB', 'KB']) {
    if (bytes >= sizeUnits[unit]! && bytes % sizeUnits[unit]! === 0)
      return `${bytes / sizeUnits[unit]!}${unit}`;
  }
  return `${bytes}B`;
}

/** A Zod schema that takes a duration text from `min` to `max` and gives milliseconds. */
export function duration(min: string, max: string) {
  return quantity('duration', durationPattern, parseDuration, min, max, '500ms, 2s, 5m, 1h or 14d');
}

/** A Zod schema that takes a size text from `min` to `max` and gives bytes. */
export function size(min: string, max: string) {
  return quantity('size', sizePattern, parseSize, min, max, '64KB, 10MB or 1GB');
}

function quantity(
  noun: string,
  pattern: RegExp,
  parse: (text: string) => number | undefined,
  min: string,
  max: string,
  examples: string,
) {
  return z
    .string({ error: `expected a ${noun} with its unit, such as ${examples}` })
    .regex(pattern, { error: `expected a ${noun} with its unit, such as ${examples}`, abort: true })
    .meta({ quantity: noun, from: min, to: max })
    .transform((text, context) => {
      const value = parse(text)!;
      if (value < parse(min)! || value > parse(max)!) {
        context.addIssue({ code: 'custom', message: `expected a ${noun} from ${min} to ${max}` });
      }
      return value;
    });
}

function parseQuantity(
  text: string,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const match = pattern.exec(text);
  return match ? Number(match[1]) * units[match[2]!]! : undefined;
}
