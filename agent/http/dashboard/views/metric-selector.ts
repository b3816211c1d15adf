export type Labels = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * `name{route="/deals"}` as PromQL, whatever the values hold; a list is any of them, undefined leaves a label out,
 * and the empty text is a label that is not there.
 */
export function metric(name: string, labels: Labels): string {
  const matchers = Object.entries(labels).flatMap(([label, value]) => {
    if (value === undefined) return [];
    if (typeof value === 'string') return `${label}=${quoted(value)}`;
    return `${label}=~${quoted(value.map(literalPattern).join('|'))}`;
  });
  return `${name}{${matchers.join(',')}}`;
}

/** PromQL reads the escapes of Go: these are the ones that JSON has in common with it. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function literalPattern(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
