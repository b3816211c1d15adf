import type { LabelMatcher, LabelSet } from '../contract/alerts.ts';
import { labelTest } from '../promql/index.ts';
import { parseClassicMatchers } from './classic-matchers.ts';
import { MatcherError } from './matcher-error.ts';
import { parseUtf8Matchers } from './utf8-matchers.ts';

export { MatcherError } from './matcher-error.ts';

/**
 * The matchers of `foo=bar`, `{a="b", c=~"d.*"}` or `"any name"!="x"`, as Alertmanager 0.28 reads them: by its UTF-8
 * parser, and by the classic one where that refuses the text or understands it otherwise (matcher/compat/parse.go).
 * Empty text is no matchers.
 *
 * @throws MatcherError when both refuse it, with the UTF-8 parser's reason and column
 */
export function parseMatchers(text: string): LabelMatcher[] {
  const classic = parsed(parseClassicMatchers, text);
  const utf8 = parsed(parseUtf8Matchers, text);
  if (Array.isArray(classic)) {
    const agree = Array.isArray(utf8) && matchersText(utf8) === matchersText(classic);
    return agree ? utf8 : classic;
  }
  if (Array.isArray(utf8)) return utf8;
  throw utf8;
}

function parsed(parse: (text: string) => LabelMatcher[], text: string): LabelMatcher[] | MatcherError {
  try {
    const matchers = parse(text);
    for (const matcher of matchers) checkRegex(matcher);
    return matchers;
  } catch (error) {
    if (error instanceof MatcherError) return error;
    throw error;
  }
}

function checkRegex(matcher: LabelMatcher): void {
  try {
    labelTest(matcher);
  } catch (error) {
    throw new MatcherError(1, `${matcher.name}${matcher.op}: ${(error as Error).message}`);
  }
}

/** A test of labels by matchers that all have to fit; regular expressions are made once. */
export type LabelsTest = (labels: LabelSet) => boolean;

/** @throws Error for a regular expression that RE2 refuses */
export function labelsTest(matchers: readonly LabelMatcher[]): LabelsTest {
  const names = matchers.map(({ name }) => name);
  const tests = matchers.map((matcher) => labelTest(matcher));
  return (labels) => {
    for (let i = 0; i < tests.length; i++) {
      if (!tests[i]!(labelValue(labels, names[i]!))) return false;
    }
    return true;
  };
}

/** '' when there is no such label. */
export function labelValue(labels: LabelSet, name: string): string {
  return Object.hasOwn(labels, name) ? labels[name]! : '';
}

/** Sorted as Alertmanager sorts them: by name, value, kind. */
export function sortedMatchers(matchers: readonly LabelMatcher[]): LabelMatcher[] {
  const kinds = ['=', '!=', '=~', '!~'];
  return [...matchers].sort(
    (a, b) =>
      compared(a.name, b.name) || compared(a.value, b.value) || kinds.indexOf(a.op) - kinds.indexOf(b.op),
  );
}

/** `{a="b",c=~"d.*"}`, as Alertmanager writes them in route keys (pkg/labels/matcher.go). */
export function matchersText(matchers: readonly LabelMatcher[]): string {
  return `{${matchers.map(matcherText).join(',')}}`;
}

function matcherText({ name, op, value }: LabelMatcher): string {
  if (/[\s{}!=~,\\"'`]/u.test(name)) return `${JSON.stringify(name)}${op}${JSON.stringify(value)}`;
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  return `${name}${op}"${escaped}"`;
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
