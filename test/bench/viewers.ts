import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { benchToken, endOf, startAgentBeside } from './agent-beside.ts';
import { cpuMsOf, sleep } from './cost.ts';
import { atMost, median, type Row, valueAtMost } from './row.ts';

const many = 200;
const warmUpMs = 15_000;
const settleMs = 6000;
/** Whole periods of the 10 s work. */
const measuredMs = 20_000;
const rounds = 3;
const mostLateMs = 500;

/** What 200 viewers of the live stream cost the agent beside one, and how late a tick reaches the last of them. */
export async function* viewers(): AsyncGenerator<Row> {
  const beside = await startAgentBeside();
  const costs = { one: [] as number[], many: [] as number[] };
  const late = { one: [] as number[], many: [] as number[] };
  try {
    await sleep(warmUpMs);
    for (let round = 0; round < rounds; round++) {
      for (const which of ['one', 'many'] as const) {
        const children = await startViewers(beside.url, which === 'one' ? 1 : many);
        try {
          await sleep(settleMs);
          await ask(children);
          const before = cpuMsOf(beside.agent.pid!);
          await sleep(measuredMs);
          costs[which].push(((cpuMsOf(beside.agent.pid!) - before) * 1000) / measuredMs);
          late[which].push((await ask(children)).worstMs);
        } finally {
          await endOf(children);
        }
      }
    }
    const one = median(costs.one);
    yield atMost(
      'viewers',
      `${many} viewers, agent CPU, ms a second`,
      median(costs.many),
      ['one viewer', one],
      2,
    );
    const lateOne = median(late.one);
    yield valueAtMost(
      'viewers',
      'latest a tick reached the last of them, ms',
      median(late.many),
      ['one viewer', lateOne],
      mostLateMs,
    );
  } finally {
    await beside.stop();
  }
}

async function startViewers(url: string, count: number): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./stream-viewers.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, url, benchToken, `${count}`], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function ask(viewers: ChildProcess): Promise<{ ticks: number; worstMs: number }> {
  viewers.send('late');
  const [answer] = (await once(viewers, 'message')) as [{ ticks: number; worstMs: number }];
  if (answer.ticks === 0) throw new Error('no tick came');
  return answer;
}
