/** Reads what a service sends, by the description in workers/contract/wire.ts and nothing else of ours. */

export interface ReadRecord {
  readonly kind: number;
  readonly flags: number;
  readonly status: number;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  /** Of an error: the number of the user's text. */
  readonly duration: number;
  readonly timeMs: number;
}

export type ReadFrame =
  | { readonly kind: 'hello'; readonly hello: Record<string, unknown> & { resume: number } }
  | {
      readonly kind: 'events';
      readonly first: number;
      readonly records: readonly ReadRecord[];
      readonly texts: readonly string[];
      readonly byteLength: number;
    }
  | { readonly kind: 'runtime'; readonly first: number; readonly fields: readonly number[] };

const headerBytes = 40;

/** The whole frames in `bytes`; throws for anything that the format does not allow. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  let at = 0;
  while (bytes.length - at >= headerBytes) {
    const byteLength = bytes.readUInt32LE(at);
    if (byteLength % 8 !== 0 || byteLength < headerBytes || byteLength > 65_536)
      throw new Error(`a frame of ${byteLength} bytes`);
    if (bytes.length - at < byteLength) break;
    frames.push(readFrame(bytes.subarray(at, at + byteLength)));
    at += byteLength;
  }
  return frames;
}

function readFrame(frame: Buffer): ReadFrame {
  const kind = frame.readUInt32LE(4);
  const first = frame.readDoubleLE(16);
  const body = frame.subarray(headerBytes);
  if (frame.readUInt32LE(32) !== 0 || frame.readUInt32LE(36) !== 0)
    throw new Error('the last words are not 0');
  if (kind === 1) return { kind: 'hello', hello: JSON.parse(body.toString()) };
  if (kind === 3) {
    return { kind: 'runtime', first, fields: Array.from({ length: 10 }, (_, i) => body.readDoubleLE(i * 8)) };
  }
  if (kind !== 2) throw new Error(`a frame of kind ${kind}`);
  const count = frame.readUInt32LE(8);
  const texts = readTexts(body.subarray(count * 16), frame.readUInt32LE(12));
  const baseMs = frame.readDoubleLE(24);
  const records = Array.from({ length: count }, (_, i) => readRecord(body.subarray(i * 16), texts, baseMs));
  return { kind: 'events', first, records, texts, byteLength: frame.length };
}

function readTexts(body: Buffer, count: number): string[] {
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const length = body.readUInt32LE(at);
    if (length > 4096) throw new Error(`a text of ${length} bytes`);
    texts.push(new TextDecoder('utf-8', { fatal: true }).decode(body.subarray(at + 4, at + 4 + length)));
    const end = at + 4 + Math.ceil(length / 4) * 4;
    if (body.subarray(at + 4 + length, end).some((byte) => byte !== 0))
      throw new Error('no zeros behind a text');
    at = end;
  }
  const rest = body.subarray(at);
  if (rest.length > 4 || rest.some((byte) => byte !== 0)) throw new Error('more than zeros at the end');
  return texts;
}

function readRecord(bytes: Buffer, texts: readonly string[], baseMs: number): ReadRecord {
  const head = bytes.readUInt32LE(0);
  const pair = bytes.readUInt32LE(4);
  const text = (number: number): string => {
    if (number > texts.length) throw new Error(`there is no text ${number}`);
    return number === 0 ? '' : texts[number - 1]!;
  };
  return {
    kind: head & 15,
    flags: (head >>> 4) & 15,
    status: (head >>> 8) & 1023,
    a: text(pair & 0xffff),
    b: text(pair >>> 16),
    c: text(head >>> 18),
    duration: bytes.readUInt32LE(8),
    timeMs: baseMs + bytes.readInt32LE(12),
  };
}

/** What became of the events of one process: received + lost is what it says that it made, up to its last frame. */
export interface Account {
  readonly received: number;
  readonly lost: number;
}

/** Of the streams of one process, in the order in which they were. */
export function accountOf(streams: readonly (readonly ReadFrame[])[]): Account {
  let received = 0;
  let lost = 0;
  let expected = 0;
  for (const frame of streams.flat()) {
    const first = frame.kind === 'hello' ? frame.hello.resume : frame.first;
    if (first < expected) throw new Error(`${first} comes again after ${expected}`);
    lost += first - expected;
    expected = first;
    if (frame.kind !== 'events') continue;
    received += frame.records.length;
    expected += frame.records.length;
  }
  return { received, lost };
}
