// A service: sends frames of events to a socket, waits for backpressure, says how many it made when it is asked.
import { connect } from 'node:net';
import { eventsFrame, helloFrame } from './frame-makers.ts';

const [path, eventsText, recordsText] = process.argv.slice(2);
const events = Number(eventsText);
const records = Number(recordsText);
const socket = connect(path!);
const startedMs = performance.timeOrigin;
const frame = Buffer.from(eventsFrame(0, records));
let made = 0;

socket.on('error', () => process.exit(0));
socket.on('close', () => process.exit(0));
socket.write(helloFrame({ pid: process.pid, ppid: process.ppid, startedMs, name: 'sender' }));
send();

function send(): void {
  while (made < events) {
    const next = Buffer.from(frame);
    next.writeDoubleLE(made, 16);
    made += records;
    if (!socket.write(next)) {
      socket.once('drain', send);
      return;
    }
  }
}

process.stdin.on('data', () => process.stdout.write(`${made}\n`));
