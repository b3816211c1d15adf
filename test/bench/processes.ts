import { type ChildProcess, spawn } from 'node:child_process';
import pidusage from 'pidusage';
import { createProcessCells } from '../../workers/contract/process-cells.ts';
import { Sampler } from '../../workers/probes/sampler.ts';
import { endOf } from './agent-beside.ts';
import { cpuMsDuring } from './cost.ts';
import { atMost, median, type Row } from './row.ts';

const count = 100;
const rounds = 60;
const warmUpRounds = 10;
const tickMs = 2000;

/**
 * Sampling 100 processes in one task, beside pidusage of the same list; rounds take turns. Both keep the processes'
 * stat files open; pidusage reads nothing else, and one call for a list is far cheaper than a call for each.
 */
export async function* processes(): AsyncGenerator<Row> {
  const children: ChildProcess[] = [];
  for (let i = 0; i < count; i++) children.push(spawn('sleep', ['600'], { stdio: 'ignore' }));
  const pids = children.map(({ pid }) => pid!);
  let timeMs = 0;
  const sampler = new Sampler(
    {
      procRoot: '/proc',
      cgroupRoot: '/sys/fs/cgroup',
      slowEveryMs: 10_000,
      processes: pids.map((pid) => ({ name: `p${pid}`, find: { by: 'pid', pid } as const })),
    },
    createProcessCells(),
    () => timeMs,
  );
  const sample = () => {
    timeMs += tickMs;
    return sampler.sample();
  };
  try {
    const between: number[] = [];
    const all: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      // The first sampling of five reads what is read every 10 s: open files, children, limits.
      const dear = await cpuMsDuring(sample);
      const cheap = await cpuMsDuring(() => repeated(4, sample));
      between.push(cheap / 4);
      all.push((dear + cheap) / 5);
      theirs.push((await cpuMsDuring(() => repeated(5, () => pidusage(pids)))) / 5);
    }
    const peer = ['pidusage(list)', warm(theirs)] as const;
    yield atMost('processes', '100 processes, a tick between, CPU ms', warm(between), peer, 1 / 8);
    yield atMost('processes', '100 processes, a tick with its part of the 10 s', warm(all), peer, 1 / 8);
  } finally {
    sampler.close();
    pidusage.clear();
    await Promise.all(children.map(endOf));
  }
}

function warm(all: readonly number[]): number {
  return median(all.slice(warmUpRounds));
}

async function repeated(times: number, work: () => unknown): Promise<void> {
  for (let i = 0; i < times; i++) await work();
}
