// Preloaded: tells the 99th percentile of the main loop's delay, in milliseconds, since it was last asked.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolution = 10;
const delay = monitorEventLoopDelay({ resolution });
delay.enable();
process.on('message', (message) => {
  if (message !== 'delay') return;
  process.send({ p99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolution) });
  delay.reset();
});
process.channel?.unref();
