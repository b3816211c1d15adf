import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { defaultRouting } from '../../agent/alerts/notify-file/routing.ts';
import { createRingBuffers } from '../../workers/contract/ring-cells.ts';
import { MetricRing } from '../../workers/ring/metric-ring.ts';
import { RingReader } from '../../workers/ring/ring-reader.ts';
import { RingWriter } from '../../workers/ring/ring-writer.ts';
import { openReader } from '../../workers/store/reader.ts';
import { openStore } from '../../workers/store/store.ts';
import { RuleEvaluation } from '../../workers/tasks/rule-evaluation.ts';
import { temporaryFolder } from '../support/servers.ts';
import { cpuMsOf, sleep } from './cost.ts';
import { startPrometheus, writtenSeries } from './prometheus-peer.ts';
import { atMost, median, type Row } from './row.ts';
import { labelsOfLayout, ruleFileOf, serviceLayout, serviceValues, thousandRules } from './rules-made.ts';
import { keepAll } from './store-filling.ts';

const tickMs = 2000;
const pastTicks = 450;
const warmUpTicks = 30;
const restTicks = 8;
const measuredTicks = 20;

/** One evaluation of 1,000 rules over 1,000 series, beside Prometheus with the same rules, samples and interval. */
export async function* rules(): AsyncGenerator<Row> {
  const folder = await temporaryFolder('nova-rules-');
  const peer = await startPrometheus();
  const path = join(folder, 'store.db');
  const store = openStore(path, keepAll);
  const reader = openReader(path);
  try {
    const group = thousandRules(tickMs);
    const ours = new Ours(reader, group);
    const series = labelsOfLayout(serviceLayout).map(writtenSeries);
    const startMs = Date.now() - pastTicks * tickMs;
    let tick = 0;
    const next = () => {
      const row = { timeMs: startMs + tick * tickMs, values: serviceValues(serviceLayout, tick) };
      ours.write(row.timeMs, row.values);
      tick++;
      return row;
    };
    while (tick < pastTicks) {
      const rows = Array.from({ length: 50 }, next);
      await peer.write(series, rows);
      if (tick > pastTicks - warmUpTicks) ours.evaluate(rows.at(-1)!.timeMs);
    }
    const run = async (ticks: number, evaluate: boolean) => {
      const cpuBefore = cpuMsOf(peer.process.pid!);
      const tookMs: number[] = [];
      const cpuMs: number[] = [];
      const peerMs: number[] = [];
      for (const end = tick + ticks; tick < end; ) {
        await sleep(Math.max(0, startMs + tick * tickMs - Date.now()));
        const row = next();
        await peer.write(series, [row]);
        if (!evaluate) continue;
        const began = process.cpuUsage();
        const beganMs = performance.now();
        ours.evaluate(row.timeMs);
        tookMs.push(performance.now() - beganMs);
        const { user, system } = process.cpuUsage(began);
        cpuMs.push((user + system) / 1000);
        await sleep(1000);
        peerMs.push((await peer.metric('prometheus_rule_group_last_duration_seconds')) * 1000);
      }
      return { tookMs, cpuMs, peerMs, peerCpuMs: (cpuMsOf(peer.process.pid!) - cpuBefore) / ticks };
    };
    const rest = await run(restTicks, false);
    await peer.useRules(stringify(ruleFileOf(group)));
    await run(warmUpTicks / 2, true);
    const found = await run(measuredTicks, true);
    assertAgreement(ours.firing(), await peer.firing());
    const peerCpu = found.peerCpuMs - rest.peerCpuMs;
    yield atMost(
      'rules',
      `1,000 rules, ${serviceLayout.width} series: an evaluation, ms`,
      median(found.tookMs),
      ['Prometheus', median(found.peerMs)],
      1,
    );
    yield atMost('rules', 'the same, CPU ms of the process', median(found.cpuMs), ['Prometheus', peerCpu], 1);
  } finally {
    reader.close();
    store.close();
    await peer.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Ring and evaluation as the workers have them. */
class Ours {
  readonly #buffers = createRingBuffers(tickMs);
  readonly #writer = new RingWriter(this.#buffers);
  readonly #columns = this.#writer.admit(serviceLayout).columns;
  readonly #evaluation: RuleEvaluation;
  readonly #settings: string;
  #sequence = 0;
  #firing = 0;

  constructor(reader: ReturnType<typeof openReader>, group: ReturnType<typeof thousandRules>) {
    this.#evaluation = new RuleEvaluation({
      metrics: new MetricRing(this.#buffers),
      reader: () => reader,
      reach: { ring: new RingReader(this.#buffers), requests: () => [], errorUsers: () => null },
    });
    this.#settings = JSON.stringify({
      groups: [group],
      routing: defaultRouting(),
      externalUrl: '',
      intervalMs: tickMs,
      rawRetentionMs: 86_400_000,
      commonTags: {},
    });
  }

  write(timeMs: number, values: Float64Array): void {
    this.#writer.write(timeMs, [{ columns: this.#columns, section: { layout: serviceLayout, values } }]);
  }

  evaluate(timeMs: number): void {
    const wishes = '{"silences":[],"acknowledgements":{}}';
    const { active, problems } = this.#evaluation.evaluate({
      ...{ timeMs, firstTickMs: timeMs, settings: this.#settings, wishes, downSources: [], slowFactor: 1 },
      ...{ sequence: this.#sequence++, unwritten: null },
    });
    if (problems.length > 0) throw new Error(problems[0]);
    this.#firing = active.filter(({ alert }) => alert.state === 'firing').length;
  }

  firing(): number {
    return this.#firing;
  }
}

/** Both look at slightly different moments: a few alerts may begin or end between. */
function assertAgreement(ours: number, theirs: number): void {
  if (ours > 0 && Math.abs(ours - theirs) <= Math.max(5, 0.1 * theirs)) return;
  throw new Error(`${ours} alerts fire here, ${theirs} in Prometheus`);
}
