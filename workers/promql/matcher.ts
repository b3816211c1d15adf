import type { Matcher } from './nodes.ts';
import { type Regex, regexOf } from './regex/regex.ts';

/**
 * The test that a matcher is, on a label's value; a missing label's is ''.
 *
 * @throws Error for a regular expression that RE2 refuses
 */
export function labelTest(matcher: Matcher): (value: string) => boolean {
  const { op, value: wanted } = matcher;
  if (op === '=') return (value) => value === wanted;
  if (op === '!=') return (value) => value !== wanted;
  const regex: Regex = regexOf(wanted);
  return op === '=~' ? (value) => regex.test(value) : (value) => !regex.test(value);
}
