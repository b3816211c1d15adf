import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { parseFrame, type StackFrame } from './error-stack.ts';
import { SourceMapTable } from './source-map-table.ts';

const mostBytes = 16 * 2 ** 20;
const mostFiles = 32;
/** Of the tables of all files. */
const mostTableBytes = 32 * 2 ** 20;

interface KnownScript {
  /** What script and map looked like when they were read. */
  readonly stamp: string;
  /** '' when the map is in the script. */
  readonly mapPath: string;
  /** undefined when there is none, or none that can be read. */
  readonly table: SourceMapTable | undefined;
}

/**
 * Says where frames of built code come from. Beside scripts that a stack names by an absolute path or `file:` URL it
 * looks for their maps: one inside, the sibling that the last line names, or SCRIPT.map. It opens nothing else, no
 * symbolic link, no special file and nothing above 16 MB. Paths come from the service: what it cannot read is
 * unmapped, never an error. The newest 32 maps are kept until script or map change.
 */
export class SourceMaps {
  readonly #scripts = new Map<string, KnownScript>();

  /** The stack with the places that are known in the sources; other lines as they are. */
  map(stack: string): string {
    return stack
      .split('\n')
      .map((line) => this.#mapLine(line))
      .join('\n');
  }

  #mapLine(line: string): string {
    const frame = parseFrame(line);
    if (!frame || frame.line === 0 || line.includes('eval at ')) return line;
    const place = this.#tableOf(frame)?.find(frame.line, Math.max(1, frame.column));
    if (!place) return line;
    const { source, line: sourceLine, column } = place;
    const where = `${source}:${sourceLine}:${column}`;
    if (frame.functionName === '') return `at ${frame.call === '' ? '' : `${frame.call} `}${where}`;
    return `at ${frame.call} (${where})`;
  }

  #tableOf({ file }: StackFrame): SourceMapTable | undefined {
    if (!isAbsolute(file) || normalize(file) !== file || !/\.[cm]?js$/.test(file) || file.includes('\0'))
      return undefined;
    const scriptStamp = stampOf(file);
    if (scriptStamp === '') return undefined;
    const known = this.#scripts.get(file);
    if (known) {
      this.#scripts.delete(file);
      if (known.stamp === `${scriptStamp} ${stampOf(known.mapPath)}`) {
        this.#scripts.set(file, known);
        return known.table;
      }
    }
    const read = readMap(file, scriptStamp);
    this.#scripts.set(file, read);
    this.#forgetOldest();
    return read.table;
  }

  #forgetOldest(): void {
    let bytes = 0;
    for (const { table } of this.#scripts.values()) bytes += table?.byteLength ?? 0;
    for (const [file, { table }] of this.#scripts) {
      if (this.#scripts.size <= mostFiles && (bytes <= mostTableBytes || this.#scripts.size === 1)) return;
      this.#scripts.delete(file);
      bytes -= table?.byteLength ?? 0;
    }
  }
}

function readMap(script: string, scriptStamp: string): KnownScript {
  const named = mappingUrlOf(script);
  const isInline = named.startsWith('data:');
  const mapPath = isInline ? '' : join(dirname(script), siblingName(named) ?? `${basename(script)}.map`);
  const stamp = `${scriptStamp} ${stampOf(mapPath)}`;
  try {
    const json = isInline ? inlineJson(named) : readEnd(mapPath, mostBytes + 1);
    const table = json && json.length <= mostBytes ? new SourceMapTable(json, dirname(script)) : undefined;
    return { stamp, mapPath, table };
  } catch {
    return { stamp, mapPath, table: undefined };
  }
}

/** Tells one state of a file from another; '' when it is no regular file. */
function stampOf(path: string): string {
  try {
    const stat = path === '' ? undefined : lstatSync(path, { throwIfNoEntry: false });
    return stat?.isFile() ? `${stat.ino} ${stat.size} ${stat.mtimeMs}` : '';
  } catch {
    return '';
  }
}

const marker = '//# sourceMappingURL=';

/** What the last line of a script says about its map; '' when it says nothing. */
function mappingUrlOf(script: string): string {
  for (let length = 4096; length <= mostBytes; length *= 16) {
    const bytes = readEnd(script, length);
    if (!bytes) return '';
    const end = bytes.toString('latin1').trimEnd();
    const line = end.slice(end.lastIndexOf('\n') + 1);
    if (line.startsWith(marker)) return line.slice(marker.length).trim();
    // The line begins further up when it holds the map itself.
    if (line.length < end.length || bytes.length < length) return '';
  }
  return '';
}

/** The name of a map in the same folder; undefined when it is somewhere else. */
function siblingName(url: string): string | undefined {
  let name = url.replace(/^\.\//, '');
  try {
    name = decodeURIComponent(name);
  } catch {
    return undefined;
  }
  return /^[^/\\:\0]+\.map$/.test(name) ? name : undefined;
}

function inlineJson(url: string): Buffer {
  const comma = url.indexOf(',');
  const data = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(';base64')
    ? Buffer.from(data, 'base64')
    : Buffer.from(decodeURIComponent(data));
}

/** The last `length` bytes of a regular file, all of it when it is shorter; undefined when there is no such file. */
function readEnd(path: string, length: number): Buffer | undefined {
  let file = -1;
  try {
    // A pipe would block `open`, and a symbolic link lead elsewhere.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(file);
    if (!stat.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(stat.size, length));
    const read = readSync(file, bytes, 0, bytes.length, stat.size - bytes.length);
    return bytes.subarray(0, read);
  } catch {
    return undefined;
  } finally {
    if (file >= 0) closeSync(file);
  }
}
