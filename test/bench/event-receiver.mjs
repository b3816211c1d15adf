// What receives: the compiled intake with its worker, or a server that parses lines of JSON. Tells what it has when asked.
// Plain JavaScript: under tsx a worker's imports are calls, which would be most of what is measured.
import { createServer } from 'node:net';
import { pathToFileURL } from 'node:url';

const [path, form, dist] = process.argv.slice(2);
const tickMs = 2000;

const settings = JSON.stringify({
  ...{ commonTags: { host: 'bench' }, measurementPrefix: '', sinks: [], quotaBytes: 0 },
  plan: { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup', processes: [], slowEveryMs: 10_000 },
  events: { userKey: '', slowQueryMs: 500, sessionIdleMs: 1_800_000, wantTexts: false },
  retention: { rawMs: 1, minuteMs: 1, hourMs: 1 },
});

const counted = form === 'frames' ? await receiveFrames() : receiveLines();

process.on('message', (message) => {
  if (message !== 'counts') return;
  const { user, system } = process.cpuUsage();
  process.send({ ...counted(), cpuMs: (user + system) / 1000 });
});
process.send('ready');

async function receiveFrames() {
  const built = (file) => import(pathToFileURL(`${dist}/${file}.js`).href);
  const { systemClock } = await built('agent/clock');
  const { createLog } = await built('agent/log');
  const { TickPool } = await built('agent/pipeline/pools');
  const { createIntake } = await built('agent/sources/intake/intake');
  const { intakeOptions } = await built('agent/sources/intake/options');
  const { createProcessCells } = await built('workers/contract/process-cells');
  const { createRingBuffers } = await built('workers/contract/ring-cells');
  const { createEventBuffers } = await built('workers/contract/window-cells');
  const shared = {
    rings: createRingBuffers(tickMs),
    processes: createProcessCells(),
    events: createEventBuffers(tickMs),
  };
  const pool = new TickPool({ ...shared, store: null });
  await pool.open(settings);
  const intake = createIntake(
    { ...intakeOptions.parse({}), socket: path },
    {
      ...{ clock: systemClock, log: createLog('silent'), processOf: () => undefined },
      handOver: (batch) => pool.takeFrames(batch),
    },
  );
  setInterval(async () => {
    const frames = intake.take();
    const rest = { lostPoints: 0, slowFactor: 1, wantLines: false };
    const { batch } = await pool.tick({ timeMs: Date.now(), settings, readings: [], frames, ...rest });
    if (frames && batch) intake.settle(frames, batch);
  }, tickMs);
  return () => {
    const { received, kept, lost, unreadable, workerFailed } = intake.counts();
    return { received, kept, dropped: lost + unreadable + workerFailed };
  };
}

function receiveLines() {
  let events = 0;
  createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) if (JSON.parse(line).status > 0) events++;
    });
  }).listen(path);
  return () => ({ received: events, kept: events, dropped: 0 });
}
