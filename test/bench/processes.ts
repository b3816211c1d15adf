import { type ChildProcess, spawn } from 'node:child_process';
import pidusage from 'pidusage';
import { createProcessCells } from '../../workers/contract/process-cells.ts';
import { Sampler } from '../../workers/probes/sampler.ts';
import { endOf } from './agent-beside.ts';
import { cpuMsDuring } from './cost.ts';
import { atMost, median, type Row } from './row.ts';

const count = 100;
const rounds = 15;
const samples = 20;

/** Sampling 100 processes in one task, beside pidusage of the same list; rounds take turns. */
export async function* processes(): AsyncGenerator<Row> {
  const children: ChildProcess[] = [];
  for (let i = 0; i < count; i++) children.push(spawn('sleep', ['600'], { stdio: 'ignore' }));
  const pids = children.map(({ pid }) => pid!);
  // Two seconds pass between samples: every fifth also reads what is read every 10 s.
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
  try {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(
        await cpuMsDuring(() =>
          sampleOften(sampler, () => {
            timeMs += 2000;
          }),
        ),
      );
      theirs.push(await cpuMsDuring(() => usageOften(pids)));
    }
    const each = (all: number[]) => median(all.slice(3)) / samples;
    yield atMost(
      'processes',
      '100 processes once, CPU ms',
      each(ours),
      ['pidusage(list)', each(theirs)],
      1 / 8,
    );
  } finally {
    sampler.close();
    pidusage.clear();
    await Promise.all(children.map(endOf));
  }
}

async function sampleOften(sampler: Sampler, pass: () => void): Promise<void> {
  for (let i = 0; i < samples; i++) {
    pass();
    await sampler.sample();
  }
}

async function usageOften(pids: number[]): Promise<void> {
  for (let i = 0; i < samples; i++) await pidusage(pids);
}
