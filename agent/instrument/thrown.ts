import { cleanFrames } from './privacy.ts';

/** What is told of something thrown. The message is still to be cleaned. */
export interface ThrownDescription {
  /** The name or class of an error, `typeof` of what is none. */
  readonly type: string;
  readonly message: string;
  /** Lines that begin with `at`, see `cleanFrames`; '' when it has none. */
  readonly frames: string;
}

const mostCauses = 4;
const mostMessageChars = 1024;
/** With causes, so many frames are the error's own. */
const ownFrames = 12;
const mostFrames = 20;
/** How Node begins the message of the error that it makes of a rejection with something that is none. */
const wrapped = /^This error originated either by throwing inside of an async function [^.]*\.catch\(\)\. /;

/**
 * Describes anything that can be thrown: errors with the chain of their causes, aggregates with their first errors,
 * texts, objects of any kind, proxies and getters that throw themselves. Of an object that is no error nothing but its
 * `message` is told.
 */
export function describeThrown(thrown: unknown): ThrownDescription {
  const causes = causesOf(thrown);
  const own = framesOf(thrown);
  const further = causes.flatMap(framesOf);
  const kept = further.length === 0 ? own : [...own.slice(0, ownFrames), ...further];
  return {
    type: typeOf(thrown),
    message: causes.reduce((text: string, cause) => `${text} (${sentenceOf(cause)})`, messageOf(thrown)),
    frames: kept.slice(0, mostFrames).join('\n'),
  };
}

/** The causes of an error, and the errors of an aggregate, nearest first; none twice. */
function causesOf(thrown: unknown): readonly unknown[] {
  const found: unknown[] = [thrown];
  for (let i = 0; i < found.length && found.length <= mostCauses; i++) {
    const errors = read(found[i], 'errors');
    const nested = isArray(errors) ? [0, 1, 2].map((at) => read(errors, at)) : [];
    for (const cause of [read(found[i], 'cause'), ...nested]) {
      if (typeof cause === 'object' && cause !== null && !found.includes(cause)) found.push(cause);
    }
  }
  return found.slice(1, 1 + mostCauses);
}

function sentenceOf(cause: unknown): string {
  return `caused by ${typeOf(cause)}: ${messageOf(cause)}`;
}

function typeOf(thrown: unknown): string {
  if (thrown === null) return 'null';
  if (typeof thrown !== 'object') return typeof thrown;
  const name = read(thrown, 'name');
  const made = read(read(thrown, 'constructor'), 'name');
  // A class that does not name its errors.
  if (name === 'Error' && typeof made === 'string' && made !== '') return made;
  if (typeof name === 'string' && name !== '' && typeof read(thrown, 'stack') === 'string') return name;
  return typeof made === 'string' && made !== '' ? made : 'object';
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null) {
    const message = read(thrown, 'message');
    if (typeof message !== 'string') return '';
    return message.replace(wrapped, '').slice(0, mostMessageChars);
  }
  return typeof thrown === 'function' ? '' : String(thrown).slice(0, mostMessageChars);
}

function framesOf(thrown: unknown): readonly string[] {
  const stack = read(thrown, 'stack');
  if (typeof stack !== 'string') return [];
  const message = read(thrown, 'message');
  // Behind the type comes the message, and may have lines that look like frames.
  const head = typeof message === 'string' ? stack.slice(0, 256 + message.length).indexOf(message) : -1;
  const frames = cleanFrames(head < 0 ? stack : stack.slice(head + (message as string).length));
  return frames === '' ? [] : frames.split('\n');
}

/** A property of whatever it is; undefined where asking for it throws. */
function read(from: unknown, key: string | number): unknown {
  if ((typeof from !== 'object' && typeof from !== 'function') || from === null) return undefined;
  try {
    return (from as Record<string | number, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Throws for no revoked proxy. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
