import { createHash } from 'node:crypto';
import { foldMessage } from './error-message.ts';
import { isOwnFrame, type StackFrame } from './error-stack.ts';

/** A column further right is of minified code, where every build moves it. */
const mostColumn = 200;

/**
 * What an error is grouped by: 16 hexadecimal digits of type, folded message and `stackKeyOf`. As Sentry's "newstyle"
 * grouping (src/sentry/grouping/strategies/newstyle.py) has it: only frames of the service's own code count, all of
 * them when there is none; a frame is its function and file, without the line; recursion does not count. Other than
 * there the message counts beside a stack too: one function throws `Error` for many reasons.
 */
export function fingerprintOf(type: string, message: string, stackKey: string): string {
  const text = `${type}\n${foldMessage(message)}\n${stackKey}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** What a stack counts for in a fingerprint; '' of no stack. */
export function stackKeyOf(frames: readonly StackFrame[]): string {
  const own = frames.filter(isOwnFrame);
  return [...new Set((own.length > 0 ? own : frames).map(frameKey))].join('\n');
}

/**
 * Function and file. A function without a name is told by its column, which an edit elsewhere leaves as it is; so is
 * one with a name of one or two letters, which a minifier gave.
 */
function frameKey({ functionName, file, column }: StackFrame): string {
  const name = foldFunction(functionName);
  const place = foldFile(file);
  if (/[^.\s]{3}/.test(name.replace(/^new /, ''))) return `${name} ${place}`;
  return column > 0 && column <= mostColumn ? `? ${place} ${column}` : `? ${place}`;
}

/** Receivers that tell how a function was called, not which one it is. */
const receivers =
  /^(?:Object|Function|Module|Array|Proxy|Window|global|globalThis|process|exports|module|_?self|this)$/;

function foldFunction(name: string): string {
  const isNew = name.startsWith('new ');
  const parts = (isNew ? name.slice(4) : name).split('.').filter((part) => !receivers.test(part));
  const last = parts.at(-1);
  if (last === undefined || last === '<anonymous>' || last === 'eval' || last === '<computed>') return '';
  return `${isNew ? 'new ' : ''}${parts.join('.')}`;
}

/**
 * Of a package: its name and the path in it. Of own code: the last folder and the name of the file, so that a service
 * that is deployed elsewhere keeps its groups; names that a build makes up (`index-3f9a2c.js`) and folders of
 * releases are folded.
 */
function foldFile(file: string): string {
  const path = file.replaceAll('\\', '/').replace(/[?#].*$/s, '');
  const inPackage = path.lastIndexOf('/node_modules/');
  if (inPackage >= 0) return path.slice(inPackage + 14);
  const [name, folder] = path.split('/').reverse();
  return `${foldFolder(folder ?? '')}/${foldName(name!)}`;
}

/** A release, a date, a number or a hash. */
function foldFolder(folder: string): string {
  return /^v?\d[\d._T-]*$|^[\da-f]{7,64}$/i.test(folder) ? '*' : folder;
}

/** Hashes as builds put them into names: hexadecimal anywhere, eight of mixed kinds before the extension. */
function foldName(name: string): string {
  const folded = name.replace(/(?<![^-._~])(?=[a-f]*\d)[\da-f]{6,64}(?![^-._~])/gi, '*');
  return folded.replace(/([-.])([\w-]{8})(?=\.[cm]?[jt]sx?$)/, (part, before: string, hash: string) =>
    (/\d/.test(hash) && /[A-Z]/.test(hash)) || /^[A-Z]{8}$/.test(hash) ? `${before}*` : part,
  );
}
