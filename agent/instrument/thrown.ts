import { cleanFrames } from './privacy.ts';

/** What is told of something thrown. The message is still to be cleaned. */
export interface ThrownDescription {
  /** The name or class of an error, `typeof` of what is none. */
  readonly type: string;
  readonly message: string;
  /** What stands behind the messages, in the stack of the error and those of its causes, with NUL between them. */
  readonly stacks: string;
}

const mostCauses = 4;
const mostMessageChars = 1024;
/** Of a stack; of all together with those of the causes. */
const mostStackChars = 2048;
const mostStacksChars = 4096;
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
  const own = stackOf(thrown, causes.length === 0 ? mostStacksChars : mostStackChars);
  const stacks = causes.reduce((text: string, cause) => `${text}\0${stackOf(cause, mostStackChars)}`, own);
  return {
    type: typeOf(thrown),
    message: causes.reduce((text: string, cause) => `${text} (${sentenceOf(cause)})`, messageOf(thrown)),
    stacks: stacks.slice(0, mostStacksChars),
  };
}

/** The frames of `stacks`: lines that begin with `at`, see `cleanFrames`; '' when there are none. */
export function framesOf(stacks: string): string {
  const [own = [], ...further] = stacks.split('\0').map((stack) => {
    const frames = cleanFrames(stack);
    return frames === '' ? [] : frames.split('\n');
  });
  const causes = further.flat();
  const kept = causes.length === 0 ? own : [...own.slice(0, ownFrames), ...causes];
  return kept.slice(0, mostFrames).join('\n');
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

/** Whole lines of a stack, `mostChars` at most. */
function stackOf(thrown: unknown, mostChars: number): string {
  const stack = read(thrown, 'stack');
  if (typeof stack !== 'string') return '';
  const message = read(thrown, 'message');
  // Behind the type comes the message, and may have lines that look like frames.
  const head = typeof message === 'string' ? stack.slice(0, 256 + message.length).indexOf(message) : -1;
  const from = head < 0 ? 0 : head + (message as string).length;
  if (stack.length - from <= mostChars) return stack.slice(from);
  return stack.slice(from, stack.lastIndexOf('\n', from + mostChars));
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
