import { hasValue, type Layout, type PointKey, sortedTags } from './point.ts';

/**
 * Line protocol, https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/ .
 *
 * Rules for what the format cannot carry: a line break becomes `\n` or `\r` in letters, as Telegraf writes it;
 * a backslash at the very end, which would escape what follows, becomes U+29F5 `⧵`; a tag without a value is
 * left out; a field that is not finite is left out, and a point without fields has no line.
 *
 * In measurements and field names InfluxDB 1.x passes over a tab or NUL at the beginning, which become `\t` and `\0` in
 * letters, and takes a backslash before a comma, blank, equals sign or quote for an escape, so that becomes U+29F5 as
 * well. A measurement that begins with `#`, which would make the line a comment, gets a backslash before it.
 */

/** A tag name or value as destinations have it. */
export function plain(text: string): string {
  const oneLine =
    text.includes('\n') || text.includes('\r') ? text.replaceAll('\n', '\\n').replaceAll('\r', '\\r') : text;
  return oneLine.endsWith('\\') ? oneLine.replace(/\\+$/, (slashes) => '⧵'.repeat(slashes.length)) : oneLine;
}

/** A measurement or field name as destinations have it: InfluxDB 1.x reads less of it than of a tag. */
export function plainName(text: string): string {
  const start = text[0] === '\t' ? '\\t' : text[0] === '\0' ? '\\0' : text.slice(0, 1);
  return plain(start + text.slice(1)).replace(/\\+(?=[, ="])/g, (slashes) => '⧵'.repeat(slashes.length));
}

/** A measurement as line protocol writes it: commas and spaces escaped. */
export function escapeMeasurement(name: string): string {
  const escaped = plainName(name).replace(/[, ]/g, '\\$&');
  return escaped.startsWith('#') ? `\\${escaped}` : escaped;
}

/** A tag name or value as line protocol writes it: commas, spaces and equals signs escaped. */
export function escapeKey(name: string): string {
  return plain(name).replace(/[, =]/g, '\\$&');
}

/** A field name as line protocol writes it: as a tag name, but for what `plainName` says. */
export function escapeField(name: string): string {
  return plainName(name).replace(/[, =]/g, '\\$&');
}

interface PointText {
  /** `measurement,tag=value ` with its closing space. */
  readonly head: string;
  /** `field=` for each field. */
  readonly fields: readonly string[];
}

function pointText(point: PointKey, measurementPrefix: string): PointText {
  let head = escapeMeasurement(measurementPrefix + point.measurement);
  for (const [name, value] of sortedTags(point.tags)) {
    if (value !== '') head += `,${escapeKey(name)}=${escapeKey(value)}`;
  }
  return { head: `${head} `, fields: point.fields.map((field) => `${escapeField(field)}=`) };
}

/** Writes the lines of one layout; names are escaped once, when it is made. */
export class LineWriter {
  readonly #layout: Layout;
  readonly #texts: readonly PointText[];

  constructor(layout: Layout, measurementPrefix = '') {
    this.#layout = layout;
    this.#texts = layout.points.map((point) => pointText(point, measurementPrefix));
  }

  /** Line of point `i` at `timeMs` (milliseconds since 1970), with its line break; '' when no field is known. */
  line(i: number, values: Float64Array, timeMs: number): string {
    if (!hasValue(this.#layout, values, i)) return '';
    const { head, fields } = this.#texts[i]!;
    const first = this.#layout.offsets[i]!;
    let line = head;
    let comma = '';
    for (let f = 0; f < fields.length; f++) {
      const value = values[first + f]!;
      if (!Number.isFinite(value)) continue;
      line += comma + fields[f] + value;
      comma = ',';
    }
    return `${line} ${timeMs}\n`;
  }

  /** Every line of the section, in layout order. */
  lines(values: Float64Array, timeMs: number): string {
    let text = '';
    for (let i = 0; i < this.#texts.length; i++) text += this.line(i, values, timeMs);
    return text;
  }
}
