// What receives: the intake with its worker, or a server that parses lines of JSON. Tells what it has when asked.
import { createServer } from 'node:net';
import { systemClock } from '../../agent/clock.ts';
import { createLog } from '../../agent/log.ts';
import { TickPool } from '../../agent/pipeline/pools.ts';
import { createIntake } from '../../agent/sources/intake/intake.ts';
import { type IntakeOptions, intakeOptions } from '../../agent/sources/intake/options.ts';
import { createProcessCells } from '../../workers/contract/process-cells.ts';
import { createRingBuffers } from '../../workers/contract/ring-cells.ts';
import type { TickSettings } from '../../workers/contract/tasks.ts';
import { createEventBuffers } from '../../workers/contract/window-cells.ts';

const [path, form] = process.argv.slice(2);
const tickMs = 2000;

const settings = JSON.stringify({
  ...{ commonTags: { host: 'bench' }, measurementPrefix: '', sinks: [], quotaBytes: 0 },
  plan: { procRoot: '/proc', cgroupRoot: '/sys/fs/cgroup', processes: [], slowEveryMs: 10_000 },
  events: { userKey: '', slowQueryMs: 500, sessionIdleMs: 1_800_000, wantTexts: false },
  retention: { rawMs: 1, minuteMs: 1, hourMs: 1 },
} satisfies TickSettings);

interface Counts {
  readonly received: number;
  readonly kept: number;
  readonly dropped: number;
}

const counted = form === 'frames' ? await receiveFrames() : receiveLines();

process.on('message', (message) => {
  if (message !== 'counts') return;
  const { user, system } = process.cpuUsage();
  process.send!({ ...counted(), cpuMs: (user + system) / 1000 });
});
process.send!('ready');

async function receiveFrames(): Promise<() => Counts> {
  const events = createEventBuffers(tickMs);
  const rings = createRingBuffers(tickMs);
  const pool = new TickPool({ rings, processes: createProcessCells(), events, store: null });
  await pool.open(settings);
  const intake = createIntake(
    { ...(intakeOptions.parse({}) as IntakeOptions), socket: path! },
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

function receiveLines(): () => Counts {
  let events = 0;
  createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (JSON.parse(line).status > 0) events++;
    });
  }).listen(path);
  return () => ({ received: events, kept: events, dropped: 0 });
}
