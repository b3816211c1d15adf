import { frameHeader, frameKind, type Hello, wireVersion } from '../../../../workers/contract/wire.ts';
import { buildEventsFrame, httpRecord } from '../../../support/frames.ts';

export function helloFrame(hello: Partial<Hello> | Record<string, unknown> = {}): Uint8Array {
  const whole = {
    ...{ version: wireVersion, pid: process.pid, ppid: process.ppid, threadId: 0, startedMs: 1.5 },
    ...{ name: 'crm', node: process.version, resume: 0 },
    ...hello,
  };
  return frameOf(frameKind.HELLO, Buffer.from(JSON.stringify(whole)));
}

/** A frame with any body, filled up with spaces. */
export function frameOf(kind: number, body: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(frameHeader.BYTES_LENGTH + Math.ceil(body.length / 8) * 8, ' ');
  frame.fill(0, 0, frameHeader.BYTES_LENGTH);
  frame.writeUInt32LE(frame.length, 0);
  frame.writeUInt32LE(kind, frameHeader.KIND * 4);
  frame.set(body, frameHeader.BYTES_LENGTH);
  return frame;
}

/** A frame of `records` requests, numbered from `first`. */
export function eventsFrame(first: number, records = 1, route = '/contacts/:id'): Uint8Array {
  const record = httpRecord('GET', route, { durationUs: 1000 });
  return buildEventsFrame({ first, baseMs: 0, records: Array<typeof record>(records).fill(record) });
}
