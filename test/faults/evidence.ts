import assert from 'node:assert/strict';
import { storePathOf } from '../../agent/pipeline/store-path.ts';
import type { ReadyReport } from '../../agent/ready-shape.ts';
import { openReader, type StoredPoint } from '../../workers/store/reader.ts';
import type { TestAgent } from '../support/agent.ts';
import { untilTrue } from '../support/servers.ts';
import { assertExactlyOnce } from './influx-points.ts';
import { entryOf, readStore } from './ledger.ts';

/** A stored point with its fields by name. */
export interface Evidence {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Stored points of one measurement with these tags, oldest first; beside a running agent too. */
export function stored(
  agent: TestAgent,
  measurement: string,
  tags: Readonly<Record<string, string>> = {},
  startMs = 0,
  endMs = 8e15,
): Evidence[] {
  const reader = openReader(storePathOf(agent.dataDir));
  try {
    const wanted = Object.entries(tags);
    return [...reader.points(startMs, endMs)]
      .filter(
        (point) =>
          point.measurement === measurement && wanted.every(([key, value]) => point.tags[key] === value),
      )
      .map(named);
  } finally {
    reader.close();
  }
}

function named({ measurement, tags, timeMs, fields, values }: StoredPoint): Evidence {
  const known = fields.flatMap((field, i) => (Number.isNaN(values[i]) ? [] : [[field, values[i]!] as const]));
  return { measurement, tags, timeMs, values: Object.fromEntries(known) };
}

export function timesOf(points: readonly Evidence[]): number[] {
  return points.map(({ timeMs }) => timeMs);
}

/** Values of one field where it is known. */
export function valuesOf(points: readonly Evidence[], field: string): number[] {
  return points.flatMap(({ values }) => values[field] ?? []);
}

/** Ticks with a committed row since the agent started. */
export async function ticksOf(agent: TestAgent): Promise<number> {
  return Number((await agent.ready()).parts.find(({ part }) => part === 'tick')?.ticks);
}

/** Until so many more ticks are committed. */
export async function untilTicks(agent: TestAgent, more: number): Promise<void> {
  const before = await ticksOf(agent);
  await untilTrue(
    async () => {
      const ticks = await ticksOf(agent);
      assert.ok(ticks >= before + more, `${ticks - before} of ${more} ticks\n${agent.log()}`);
    },
    30_000 + more * 1000,
  );
}

/** The balanced ledger, asked while the agent runs. */
export async function askedLedger(agent: TestAgent) {
  return entryOf((await agent.ready()) as ReadyReport);
}

/**
 * Ends the agent in order and looks what it leaves: the store is whole, its ledger balances, nothing waits, and
 * InfluxDB has each point exactly once. Gives how many.
 */
export async function endAndCheck(agent: TestAgent, influxUrl: string): Promise<number> {
  await untilTrue(async () => assert.ok((await askedLedger(agent)).delivered > 0, agent.log()));
  const { code } = await agent.stop();
  assert.equal(code, 0, agent.log());
  return assertExactlyOnce(influxUrl, readStore(agent.dataDir));
}
