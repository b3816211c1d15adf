/** Fills a recorder that reaches nobody in one way or another, and says how many bytes the process has more by it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { createRecorder, type StreamingRecorder } from '../../../agent/instrument/event-recorder.ts';
import { attachSocketIo } from '../../../agent/instrument/hooks/socket-io.ts';
import type { RecordedRequest } from '../../../agent/instrument/recorder.ts';

const fresh = (monotonicMs?: () => number) => createRecorder(() => undefined, monotonicMs);
const request: RecordedRequest = {
  ...{ method: 'GET', route: '/a', status: 500, durationUs: 1, timeMs: 1, user: '', error: '' },
  untimed: false,
};

function say(recorder: StreamingRecorder, fields: Partial<RecordedRequest>): void {
  recorder.request(Object.assign(request, { user: '', error: '', route: '/a' }, fields));
}

const fillings: Record<string, (recorder: StreamingRecorder, i: number) => void> = {
  'one route': (recorder) => say(recorder, {}),
  'unique users': (recorder, i) => say(recorder, { user: `user ${i}` }),
  'unique routes': (recorder, i) => say(recorder, { route: `/route/${i}` }),
  'long texts': (recorder, i) => {
    say(recorder, { route: `/${i}${'r'.repeat(3000)}`, user: `${i}${'u'.repeat(3000)}` });
    recorder.query('', '', `select ${i} /* ${'q'.repeat(3000)} */`, 1, 1, true, `${i} ${'m '.repeat(3000)}`);
  },
  'long texts of two bytes a character': (recorder, i) => {
    say(recorder, { user: `${i}${'ж'.repeat(3000)}`, error: `${i}${'ж '.repeat(3000)}` });
  },
  'errors of many places': (recorder, i) => {
    const stack = `Error: x\n${`    at f${i} (/srv/app/some/where/file.js:1:1)\n`.repeat(20)}`;
    recorder.error(Object.assign(new Error(`x ${i}`), { stack }), { route: '/a' });
  },
};

/** Events that nobody acknowledges, of fifty sockets. */
async function fillSockets(recorder: StreamingRecorder): Promise<() => void> {
  const http = createServer();
  const io = new Server(http);
  const clients = 50;
  const events = 300;
  let seen = 0;
  io.on('connection', (socket) => socket.on('x', () => seen++));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  attachSocketIo(recorder, io);
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const sockets = Array.from({ length: clients }, () =>
    connect(url, { forceNew: true, transports: ['websocket'] }),
  );
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once('connect', resolve))));
  const before = heldBytes();
  // An event in the words of Socket.IO, with an acknowledgement, so that the clients keep nothing.
  for (const socket of sockets) for (let i = 0; i < events; i++) socket.io.engine.write(`2${i}["x"]`);
  while (seen < clients * events) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.stdout.write(`${heldBytes() - before}`);
  return () => {
    for (const socket of sockets) socket.close();
    io.close();
  };
}

function heldBytes(): number {
  for (let i = 0; i < 3; i++) gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const filling = process.argv[2]!;
if (filling === 'sockets') {
  const recorder = fresh();
  const end = await fillSockets(recorder);
  recorder.close();
  end();
} else {
  const fill = fillings[filling]!;
  // Long texts take long to clean, and fill sooner what is held.
  const events = filling.startsWith('long') ? 600 : 2777;
  // A clock by which every text may be cleaned.
  let nowMs = 0;
  const clock = () => (nowMs += 1000);
  const warm = fresh(clock);
  for (let i = 0; i < 7 * events; i++) fill(warm, i);
  warm.close();
  const before = heldBytes();
  const recorder = fresh(clock);
  let most = 0;
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < events; i++) fill(recorder, 7 * events + round * events + i);
    most = Math.max(most, heldBytes() - before);
  }
  recorder.close();
  process.stdout.write(`${most}`);
}
