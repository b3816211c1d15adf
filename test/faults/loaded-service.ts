/**
 * An HTTP service under a steady load of its own making, some of it computing. Told `{forMs}` by its parent, it says
 * how many requests it answered in that time, and the 99th percentiles of its event-loop delay and of its answers.
 */
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;
const server = createServer((_, answer) => {
  const rows = Array.from({ length: 200 }, (_, id) => ({ id, name: `customer ${id}`, at: new Date(id) }));
  answer.end(JSON.stringify(rows));
});
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
let tookMs: number[] = [];

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  setInterval(() => {
    for (let i = 0; i < 4; i++) request(port);
  }, 10);
  process.send?.('ready');
});

function request(port: number): void {
  const startMs = performance.now();
  get({ port, host: '127.0.0.1' }, (answer) => {
    answer.resume().once('end', () => tookMs.push(performance.now() - startMs));
  }).once('error', () => {});
}

process.on('message', ({ forMs }: { forMs: number }) => {
  tookMs = [];
  delay.reset();
  delay.enable();
  setTimeout(() => {
    delay.disable();
    const sorted = tookMs.sort((a, b) => a - b);
    process.send?.({
      requests: sorted.length,
      delayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
      latencyP99Ms: sorted[Math.floor(sorted.length * 0.99)],
    });
  }, forMs);
});
process.once('disconnect', () => process.exit());
