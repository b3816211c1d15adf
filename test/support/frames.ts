import {
  frameHeader,
  frameKind,
  noDuration,
  recordFlag,
  recordKind,
  recordWords,
  runtimeField,
} from '../../workers/contract/wire.ts';

/** A record with its texts written out; the builder numbers them. Fields as in workers/contract/wire.ts. */
export interface FrameRecord {
  readonly kind: number;
  readonly a?: string;
  readonly b?: string;
  readonly c?: string;
  readonly status?: number;
  readonly flags?: number;
  /** Of an ERROR: the user. */
  readonly user?: string;
  readonly durationUs?: number;
  /** Milliseconds since 1970; the frame's `baseMs` when left out. */
  readonly timeMs?: number;
}

export interface EventsFrame {
  readonly instance?: number;
  readonly first?: number;
  readonly baseMs: number;
  readonly records: readonly FrameRecord[];
}

type Rest = Partial<FrameRecord>;

export const httpRecord = (method: string, route: string, rest: Rest = {}): FrameRecord => ({
  status: 200,
  ...rest,
  kind: recordKind.HTTP,
  a: `${method}\0${route}`,
});

export const dbRecord = (model: string, operation: string, rest: Rest = {}): FrameRecord => ({
  ...rest,
  kind: recordKind.DB,
  a: `${model}\0${operation}`,
});

export const socketRecord = (event: string, namespace = '/', rest: Rest = {}): FrameRecord => ({
  ...rest,
  kind: recordKind.SOCKET,
  a: `${event}\0${namespace}`,
});

export const jobRecord = (queue: string, name: string, rest: Rest = {}): FrameRecord => ({
  ...rest,
  kind: recordKind.JOB,
  a: `${queue}\0${name}`,
});

export const errorRecord = (type: string, message: string, stack = '', rest: Rest = {}): FrameRecord => ({
  flags: recordFlag.FAILED,
  ...rest,
  kind: recordKind.ERROR,
  a: `${type}\0${stack}`,
  b: message,
});

export const userRecord = (user: string, session = '', rest: Rest = {}): FrameRecord => ({
  ...rest,
  kind: recordKind.USER,
  a: user,
  b: session,
});

/** One whole events frame, as it comes from a service (with INSTANCE as the agent sets it). */
export function buildEventsFrame({ instance = 0, first = 0, baseMs, records }: EventsFrame): Uint8Array {
  const numbers = new Map<string, number>();
  const texts: Buffer[] = [];
  const numberOf = (text: string | undefined): number => {
    if (text === undefined || text === '') return 0;
    const known = numbers.get(text);
    if (known) return known;
    texts.push(Buffer.from(text));
    numbers.set(text, texts.length);
    return texts.length;
  };
  const words = new Uint32Array(records.length * recordWords);
  records.forEach((record, i) => {
    const { kind, flags = 0, status = 0, durationUs = noDuration, timeMs = baseMs } = record;
    const c = numberOf(record.c);
    words[i * 4] = (kind | (flags << 4) | (status << 8) | (c << 18)) >>> 0;
    words[i * 4 + 1] = (numberOf(record.a) | (numberOf(record.b) << 16)) >>> 0;
    words[i * 4 + 2] = kind === recordKind.ERROR ? numberOf(record.user) : durationUs;
    words[i * 4 + 3] = (timeMs - baseMs) >>> 0;
  });
  const textBytes = texts.reduce((sum, text) => sum + 4 + padded(text.length, 4), 0);
  const frame = new Uint8Array(padded(frameHeader.BYTES_LENGTH + words.byteLength + textBytes, 8));
  writeHeader(frame, frameKind.EVENTS, {
    instance,
    first,
    baseMs,
    records: records.length,
    texts: texts.length,
  });
  frame.set(new Uint8Array(words.buffer), frameHeader.BYTES_LENGTH);
  let at = frameHeader.BYTES_LENGTH + words.byteLength;
  for (const text of texts) {
    new DataView(frame.buffer).setUint32(at, text.length, true);
    frame.set(text, at + 4);
    at += 4 + padded(text.length, 4);
  }
  return frame;
}

export type RuntimeFields = Partial<Record<Exclude<keyof typeof runtimeField, 'LENGTH'>, number>>;

/** A runtime frame; fields that are left out are not known, PARTS is 0. */
export function buildRuntimeFrame(instance: number, fields: RuntimeFields, first = 0): Uint8Array {
  const frame = new Uint8Array(frameHeader.BYTES_LENGTH + runtimeField.LENGTH * 8);
  writeHeader(frame, frameKind.RUNTIME, { instance, first, baseMs: 0, records: 0, texts: 0 });
  const values = new Float64Array(frame.buffer, frameHeader.BYTES_LENGTH).fill(Number.NaN);
  values[runtimeField.PARTS] = 0;
  for (const [name, value] of Object.entries(fields)) values[runtimeField[name as 'PARTS']] = value;
  return frame;
}

/** Frames one behind the other. */
export function joinFrames(...frames: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

interface Header {
  readonly instance: number;
  readonly first: number;
  readonly baseMs: number;
  readonly records: number;
  readonly texts: number;
}

function writeHeader(frame: Uint8Array, kind: number, header: Header): void {
  const words = new Uint32Array(frame.buffer, 0, frameHeader.LENGTH);
  const floats = new Float64Array(frame.buffer, 0, frameHeader.LENGTH / 2);
  words[frameHeader.BYTES] = frame.length;
  words[frameHeader.KIND] = kind;
  words[frameHeader.RECORDS] = header.records;
  words[frameHeader.TEXTS] = header.texts;
  floats[frameHeader.FIRST / 2] = header.first;
  floats[frameHeader.BASE_MS / 2] = header.baseMs;
  words[frameHeader.INSTANCE] = header.instance;
}

function padded(length: number, to: number): number {
  return Math.ceil(length / to) * to;
}
