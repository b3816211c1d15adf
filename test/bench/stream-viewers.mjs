// So many viewers of the live stream; tells how late each tick reached the last of them, in milliseconds, when asked.
import { connect } from 'node:net';

const [, , url, token, count] = process.argv;
const { hostname, port } = new URL(url);
const request = `GET /api/monitoring/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
const id = /^id: (\d+)$/gm;
let latestMs = new Map();
let open = 0;

for (let i = 0; i < Number(count); i++) {
  const socket = connect(Number(port), hostname, () => socket.write(request));
  socket.setEncoding('latin1');
  let isOpen = false;
  socket.on('data', (text) => {
    const nowMs = Date.now();
    for (const [, timeMs] of text.matchAll(id)) latestMs.set(timeMs, nowMs - Number(timeMs));
    if (isOpen) return;
    isOpen = true;
    if (++open === Number(count)) process.send({ open });
  });
  socket.on('close', () => process.exit(1));
}

process.on('message', () => {
  process.send({ ticks: latestMs.size, worstMs: Math.max(...latestMs.values()) });
  latestMs = new Map();
});
