/**
 * Names of line protocol without their escapes, as InfluxDB 1.x reads them (models/points.go, pkg/escape/bytes.go of
 * influxdata/influxdb).
 */

/** Measurements and fields: a backslash before a comma, blank, equals sign or quote goes. */
export function unescapeName(text: string): string {
  return text.includes('\\') ? text.replace(/\\([, ="])/g, '$1') : text;
}

/** Tag names and values: a backslash before a comma, blank or equals sign goes. */
export function unescapeTag(text: string): string {
  return text.includes('\\') ? text.replace(/\\([, =])/g, '$1') : text;
}

/** Up to the first `stop` without a backslash before it, from `from`: its place, or the end of the text. */
export function endOf(text: string, stop: string, from: number): number {
  for (let at = from; ; at++) {
    at = text.indexOf(stop, at);
    if (at < 0) return text.length;
    if (at === 0 || text[at - 1] !== '\\') return at;
  }
}

export interface Key {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Measurement and tags of a key that the scanner let pass; undefined when a tag name stands twice. */
export function parseKey(text: string): Key | undefined {
  const end = endOf(text, ',', 0);
  const measurement = unescapeName(text.slice(0, end));
  const tags: [string, string][] = [];
  const names = new Set<string>();
  for (let at = end + 1; at < text.length; ) {
    const nameEnd = endOf(text, '=', at);
    const valueEnd = endOf(text, ',', nameEnd + 1);
    const name = text.slice(at, nameEnd);
    if (names.has(name)) return undefined;
    names.add(name);
    tags.push([unescapeTag(name), unescapeTag(text.slice(nameEnd + 1, valueEnd))]);
    at = valueEnd + 1;
  }
  return { measurement, tags: Object.fromEntries(tags) };
}
