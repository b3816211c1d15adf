import { fileURLToPath } from 'node:url';

/** One line of a stack of V8, see https://v8.dev/docs/stack-trace-api. */
export interface StackFrame {
  /** What stands before the place: `async new Foo`, `Foo.bar [as baz]`; '' when nothing does. */
  readonly call: string;
  /** As V8 names it, without `async` and `[as …]`; '' when it has no name. */
  readonly functionName: string;
  /** Path, URL or other name of the file, of `eval` the file that called it; '' when there is none. */
  readonly file: string;
  /** From 1; 0 when not known. */
  readonly line: number;
  /** From 1; 0 when not known. */
  readonly column: number;
}

/** Lines beyond are not read: a service sends 20 frames at most. */
const mostFrames = 64;

/** Reads the lines that begin with `at`, indented or not; others are skipped. */
export function parseStack(stack: string): StackFrame[] {
  const frames: StackFrame[] = [];
  for (const line of stack.split('\n', mostFrames)) {
    const frame = parseFrame(line);
    if (frame) frames.push(frame);
  }
  return frames;
}

/** undefined when the line is no frame. */
export function parseFrame(line: string): StackFrame | undefined {
  const text = line.trim();
  if (!text.startsWith('at ')) return undefined;
  const rest = text.slice(3);
  const open = text.endsWith(')') ? openingOf(rest) : -1;
  if (open >= 0) {
    const call = rest.slice(0, open);
    return { call, functionName: functionName(call), ...placeOf(rest.slice(open + 2, -1)) };
  }
  const call = rest.startsWith('async ') ? 'async' : '';
  return { call, functionName: '', ...placeOf(call === '' ? rest : rest.slice(6)) };
}

const locationStart =
  /^(?:\/|[A-Za-z]:[\\/]|\\\\|\.{0,2}[\\/]|[a-z][a-z0-9+.-]+:|<anonymous>|native|eval at |index |unknown location)/;

/** Where ` (` of the location is: functions and folders may have brackets in their names. −1 when there is none. */
function openingOf(text: string): number {
  const first = text.indexOf(' (');
  for (let at = first; at >= 0; at = text.indexOf(' (', at + 1))
    if (locationStart.test(text.slice(at + 2))) return at;
  return first;
}

function functionName(call: string): string {
  const name = call.replace(/^async /, '');
  const alias = name.lastIndexOf(' [as ');
  const own = (alias > 0 ? name.slice(0, alias) : name).trim();
  return own === '<anonymous>' ? '' : own;
}

function placeOf(location: string): Pick<StackFrame, 'file' | 'line' | 'column'> {
  if (location.startsWith('eval at ')) {
    // eval at inner (eval at outer (FILE:1:2), <anonymous>:3:4), <anonymous>:5:6
    const inner = location.slice(location.lastIndexOf('eval at '));
    const open = openingOf(inner);
    const close = inner.indexOf(')', open);
    return open < 0 || close < 0 ? nowhere : placeOf(inner.slice(open + 2, close));
  }
  const match = /^(.*?)(?::(\d{1,9}))?(?::(\d{1,9}))?$/s.exec(location)!;
  const file = match[1]!;
  if (/^(?:|native|eval|index .*|.*<anonymous>)$/s.test(file)) return nowhere;
  return { file: fileOf(file), line: Number(match[2] ?? 0), column: Number(match[3] ?? 0) };
}

const nowhere = { file: '', line: 0, column: 0 };

/** A path, where it is a `file:` URL. */
function fileOf(name: string): string {
  if (!name.startsWith('file:')) return name;
  try {
    return fileURLToPath(name);
  } catch {
    // Of another kind of system (`file:///C:/…`), or not an URL at all.
    return name.replace(/^file:\/{2,3}/, '');
  }
}

/** Code of the service itself: not of a package, not of Node, not made up at run time. */
export function isOwnFrame({ file }: StackFrame): boolean {
  if (file === '' || /(?:^|[\\/])node_modules[\\/]/.test(file)) return false;
  if (/^(?:node:|wasm:|data:|internal\/)/.test(file)) return false;
  return !/^webpack(?:-internal)?:.*\/webpack\/(?:bootstrap|runtime)|^webpack[\\/](?:bootstrap|runtime)/.test(
    file,
  );
}
