// A service that does nothing but report: HTTP events as frames or as lines of JSON, as fast as it may.
import { connect } from 'node:net';
import { frameHeader, mostFrameBytes } from '../../workers/contract/wire.ts';
import { helloFrame } from '../agent/sources/intake/frame-makers.ts';
import { buildEventsFrame, type FrameRecord, httpRecord } from '../support/frames.ts';

const [path, form, eventsText] = process.argv.slice(2);
const events = Number(eventsText);
const labels = 50;
const recordsAFrame = Math.floor((mostFrameBytes - frameHeader.BYTES_LENGTH - labels * 32) / 16);

const requests = Array.from({ length: recordsAFrame }, (_, i) => ({
  method: (i % labels) % 3 === 0 ? 'POST' : 'GET',
  route: `/api/contacts/${i % labels}/:id`,
  status: i % 20 === 0 ? 500 : 200,
  durationUs: 500 + ((i * 7919) % 100_000),
  timeMs: Date.now() + (i % 500),
}));

function makeFrame(): Buffer {
  const baseMs = requests[0]!.timeMs;
  const records = requests.map(
    ({ method, route, status, durationUs, timeMs }): FrameRecord =>
      httpRecord(method, route, { status, durationUs, timeMs }),
  );
  return Buffer.from(buildEventsFrame({ baseMs, records }));
}

const isFrames = form === 'frames';
const chunk = isFrames
  ? makeFrame()
  : Buffer.from(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
const socket = connect(path!);
let made = 0;

if (isFrames) {
  const startedMs = performance.timeOrigin;
  socket.write(helloFrame({ pid: process.pid, ppid: process.ppid, startedMs, name: 'generator' }));
}
send();

/** The chunk is written anew when the write before is through: one at a time waits in the socket. */
function send(): void {
  if (made >= events) {
    socket.end();
    return;
  }
  if (isFrames) chunk.writeDoubleLE(made, frameHeader.FIRST * 4);
  made += recordsAFrame;
  socket.write(chunk, send);
}

process.send!({ events: Math.ceil(events / recordsAFrame) * recordsAFrame });
process.channel!.unref();
