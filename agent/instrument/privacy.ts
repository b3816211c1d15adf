/**
 * What a text must lose before it leaves the service. Each function takes any text, looks at its beginning only, and
 * takes time that grows with that beginning and no faster: repetitions are bounded, or exclude what follows them.
 */
import { maskKeys, maskSecrets } from './secrets.ts';

/** So much of a text is looked at. */
const mostLookedAt = 2048;
/** A secret that was cut in half by that is not recognised: so much of the end goes. */
const unsureChars = 128;
const mostMessageChars = 200;
const mostNameChars = 256;
const mostEndpointChars = 512;
const mostFrames = 20;
const mostFrameChars = 256;

/** A method, as it is written in requests; the word that stands in its place for a job stays as it is. */
export function cleanMethod(text: string): string {
  if (text === 'job') return text;
  return cut(plain(text.slice(0, 32)), 32).toUpperCase();
}

/** A name of anything: event, model, queue, user, type of error. */
export function cleanName(text: string): string {
  return cut(plain(text.slice(0, mostLookedAt)), mostNameChars);
}

/** A name that may have been made of what it is about: of an event, a queue, a job. */
export function cleanTitle(text: string): string {
  return cut(maskKeys(plain(text.slice(0, mostLookedAt))), mostNameChars);
}

/** A route pattern, as frameworks know it, or what is left of a URL; without keys. */
export function cleanRoute(text: string): string {
  return cut(maskKeys(plain(text.slice(0, mostLookedAt))), mostEndpointChars);
}

/**
 * A URL, or a pattern, without query string, fragment, user and password. The question marks of Express's patterns are
 * none of a query: that of an optional parameter (`/:year?/list`) and, where a regular expression is the pattern,
 * those of its groups.
 */
export function withoutQuery(text: string): string {
  if (!/[?#@]/.test(text)) return text;
  let path = text.slice(0, mostLookedAt);
  const fragment = path.indexOf('#');
  if (fragment >= 0) path = path.slice(0, fragment);
  const query = path.startsWith('/^') ? /(?<!\()\?|\?(?![:=!<])/ : /\?(?!\/)|(?<!:\w{1,64})\?/;
  const end = path.search(query);
  if (end >= 0) path = path.slice(0, end);
  return path.replace(/^([a-z][a-z\d+.-]{0,30}:)?\/\/[^/]*@/i, '$1//');
}

/** The message of an error: secrets masked, then cut at 200 characters. */
export function cleanMessage(text: string): string {
  const isCut = text.length >= mostLookedAt;
  let message = text.slice(0, mostLookedAt).replace(/\p{Cf}/gu, '');
  message = withoutValues(message);
  message = maskSecrets(plain(message).trim());
  if (isCut && message.length < mostMessageChars + unsureChars)
    message = message.replace(/[^\]]{1,128}$/, '');
  return cut(message, mostMessageChars);
}

/**
 * The frames of a stack: what stands behind `at`, up to 20 lines, without what is no place in a file: query strings,
 * the source in a `data:` URL, the place of an `eval`. Anything else, the message in the first lines too, is left out.
 */
export function cleanFrames(stack: string): string {
  const frames: string[] = [];
  // A stack is as long as Error.stackTraceLimit and the message make it.
  for (const line of stack.slice(0, 65_536).split('\n', 512)) {
    const frame = /^ {0,8}at (.*)$/.exec(line.slice(0, 4 * mostFrameChars))?.[1];
    if (frame === undefined || !isPlace(frame)) continue;
    frames.push(`at ${cut(cleanFrame(plain(frame)), mostFrameChars)}`);
    if (frames.length === mostFrames) break;
  }
  return frames.join('\n');
}

/** Frames end in a position, or in one of the few words that V8 has instead. */
function isPlace(frame: string): boolean {
  return /(?::\d+|\bnative|<anonymous>|index \d+)\)?$/.test(frame);
}

function cleanFrame(frame: string): string {
  const data = frame.indexOf('data:');
  if (data >= 0) return `${frame.slice(0, data)}data:${frame.endsWith(')') ? ')' : ''}`;
  const evaluated = frame.indexOf('(eval at ');
  if (evaluated >= 0) return `${frame.slice(0, evaluated)}(eval)`;
  const query = frame.search(/[?#]/);
  if (query < 0) return frame;
  return frame.slice(0, query) + (/(?::\d{1,9}){1,2}\)?$/.exec(frame)?.[0] ?? '');
}

/** Databases and clients that put the values of a statement into their messages. */
function withoutValues(message: string): string {
  // Prisma shows the call with its arguments; what is wrong is said first and last.
  const invocation = /^\s*Invalid `[^`]{1,128}` invocation/.exec(message)?.[0].trim();
  if (invocation !== undefined) {
    const last = message.slice(message.trimEnd().lastIndexOf('\n') + 1).trim();
    return last.startsWith('Invalid `') ? invocation : `${invocation}: ${last}`;
  }
  return (
    message
      .replace(/(Duplicate entry ')[\s\S]*(' for key)/, '$1[value]$2')
      .replace(/(Key \([^)]{0,256}\)=\()[\s\S]*(\))/, '$1[value]$2')
      .replace(/(invalid input (?:syntax|value) for [^:]{1,128}: )[\s\S]*/, '$1[value]')
      // JSON.parse of V8, its older versions last.
      .replace(
        /(Unexpected token) '[\s\S]{1,4}?', (?:\.{3})?"(?:[\s\S]* is not valid JSON|[\s\S]*)/,
        '$1, [value] is not valid JSON',
      )
      .replace(/"[\s\S]*" is not valid JSON/, '[value] is not valid JSON')
      .replace(/(Unexpected token) [\s\S]{1,2} (in JSON at position)/g, '$1 $2')
  );
}

/** No control characters, no half characters. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, (character) => (/\s/.test(character) ? ' ' : '\ufffd'));
}

/** At most so many characters, and the last one whole. */
export function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const last = text.charCodeAt(chars - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? chars - 1 : chars);
}
