import type {
  Batch,
  DeliverResult,
  DeliveryOutcome,
  QuarantinedPoint,
} from '../../../workers/contract/tasks.ts';
import type { Clock } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { type Log, TroubleLog } from '../../log.ts';
import type { DeliveryPort, Sink, SinkStatus } from '../sink.ts';
import { Courier, type Setback } from './courier.ts';
import type { InfluxOptions } from './options.ts';
import { Parcel } from './parcel.ts';

export interface InfluxSinkSetup {
  readonly port: DeliveryPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly measurementPrefix: string;
}

/** What became of replayed points; those in neither list were not tried, for the reason in `problem`. */
export interface ReplayResult {
  readonly delivered: number[];
  readonly refused: { readonly id: number; readonly line: string; readonly reason: string }[];
  /** '' when every point was tried. */
  readonly problem: string;
}

export interface InfluxSink extends Sink {
  /**
   * Sends quarantined points again, between the batches of the sink; works without `start` too.
   * @throws AgentError SINK_UNREACHABLE when not even one could be tried: nothing has changed then.
   */
  replay(points: readonly QuarantinedPoint[]): Promise<ReplayResult>;
}

/** How far apart the first deliveries of agents that start together may lie. */
const startSpreadMs = 2000;

/** A refused point is said at most this often; `spool list` shows each. */
const refusalLogEveryMs = 600_000;

/** A sink that delivers the store's points to one InfluxDB: one batch in flight, oldest first. */
export function createInfluxSink(options: InfluxOptions, setup: InfluxSinkSetup): InfluxSink {
  return new Delivery(options, setup);
}

class Delivery implements InfluxSink {
  readonly name: string;
  readonly #setup: InfluxSinkSetup;
  readonly #flushIntervalMs: number;
  readonly #courier: Courier;
  readonly #troubles: TroubleLog;
  /** Ends sleeping: what waits is delivered now. */
  readonly #closing = new AbortController();
  /** Ends requests too. */
  readonly #ended = new AbortController();
  #running: Promise<void> | undefined;
  #problem = 'not tried yet';
  #troubleKind = '';
  #refusalSaidMs = Number.NEGATIVE_INFINITY;

  constructor(options: InfluxOptions, setup: InfluxSinkSetup) {
    this.name = options.name;
    this.#setup = setup;
    this.#flushIntervalMs = options.flushInterval;
    this.#courier = new Courier(options, setup.clock);
    this.#troubles = new TroubleLog(setup.log);
  }

  start(): void {
    this.#running = this.#run();
  }

  status(): SinkStatus {
    return { sink: this.name, up: this.#problem === '', problem: this.#problem };
  }

  async close(deadlineMs: number): Promise<void> {
    const over = new AbortController();
    const deadline = this.#setup.clock.sleep(deadlineMs, over.signal);
    this.#closing.abort();
    await Promise.race([this.#running, deadline]);
    this.#ended.abort();
    over.abort();
    await this.#courier.close();
  }

  async replay(points: readonly QuarantinedPoint[]): Promise<ReplayResult> {
    const delivered: number[] = [];
    const refused: ReplayResult['refused'][number][] = [];
    const sendable: { id: number; line: string }[] = [];
    for (const { id, line: kept } of points) {
      const line = kept.replace(/[\r\n]+$/, '');
      const reason = lineFault(line);
      if (reason) refused.push({ id, line, reason });
      else sendable.push({ id, line });
    }
    const chunkPoints = this.#courier.pace.maxPoints();
    for (let first = 0; first < sendable.length; first += chunkPoints) {
      const chunk = sendable.slice(first, first + chunkPoints);
      const parcel = new Parcel(chunk.map(({ line }) => `${line}\n`).join(''), chunk.length);
      const setback = await this.#courier.attempt(parcel, this.#ended.signal);
      const refusals = parcel.refusals();
      const waiting = parcel.waiting();
      chunk.forEach(({ id }, i) => {
        const refusal = refusals.get(i);
        if (refusal) refused.push({ id, ...refusal });
        else if (!waiting.has(i)) delivered.push(id);
      });
      if (!setback) continue;
      if (delivered.length + refused.length > 0) return { delivered, refused, problem: setback.problem };
      throw new AgentError('SINK_UNREACHABLE', `${this.name}: ${setback.problem}`, { retryable: true });
    }
    return { delivered, refused, problem: '' };
  }

  async #run(): Promise<void> {
    const { clock } = this.#setup;
    const { signal } = this.#closing;
    await clock.sleep(clock.random() * Math.min(this.#flushIntervalMs, startSpreadMs), signal);
    for (let dueMs = clock.monotonicMs(); ; ) {
      const isLast = signal.aborted;
      if (!(await this.#flush()) || isLast) return;
      dueMs = Math.max(dueMs + this.#flushIntervalMs, clock.monotonicMs());
      await clock.sleep(dueMs - clock.monotonicMs(), signal);
    }
  }

  /** Delivers until nothing waits; false when it gave up, because the sink closes. */
  async #flush(): Promise<boolean> {
    const { port, clock, measurementPrefix } = this.#setup;
    const sink = this.name;
    let outcome: DeliveryOutcome | null = null;
    let more = true;
    while (!this.#ended.signal.aborted) {
      const maxPoints = more ? this.#courier.pace.maxPoints() : 0;
      let batch: DeliverResult;
      try {
        batch = await port.deliver({ sink, measurementPrefix, outcome, maxPoints });
        this.#troubles.over(`${sink}: store`);
      } catch (error) {
        // Whether the outcome was taken is not known. Reading again tells where the cursor is, and sending again is
        // safe: the same series and timestamp overwrite, and only what the store took is counted.
        this.#troubles.trouble(`${sink}: store`, messageOf(error));
        if (this.#closing.signal.aborted) return false;
        await clock.sleep(1000 + clock.random() * 4000, this.#closing.signal);
        outcome = null;
        more = true;
        continue;
      }
      if (!batch) return true;
      await clock.sleep(this.#courier.pace.dueInMs(), this.#ended.signal);
      outcome = await this.#deliver(batch);
      if (!outcome) return false;
      more = batch.more;
    }
    return false;
  }

  /** Tries until every point of the batch is delivered or refused; null when the sink is closed before. */
  async #deliver(batch: Batch): Promise<DeliveryOutcome | null> {
    const { clock } = this.#setup;
    const parcel = new Parcel(batch.text, batch.points);
    for (;;) {
      const setback = await this.#courier.attempt(parcel, this.#ended.signal);
      if (this.#ended.signal.aborted && setback) return null;
      if (!setback) break;
      this.#stuck(setback);
      if (this.#closing.signal.aborted) return null;
      await clock.sleep(setback.waitMs, this.#closing.signal);
      if (this.#closing.signal.aborted && setback.asked) return null;
    }
    this.#well();
    this.#courier.pace.delivered(batch.points);
    const quarantined = [...parcel.refusals().values()];
    if (quarantined.length > 0) this.#sayRefused(quarantined.length, quarantined[0]!.reason);
    const { from, to, points } = batch;
    return { from, to, delivered: points - quarantined.length, quarantined };
  }

  #stuck({ problem, kind }: Setback): void {
    this.#problem = problem;
    if (kind === this.#troubleKind) return;
    this.#troubleKind = kind;
    this.#troubles.trouble(this.name, problem);
  }

  #well(): void {
    this.#problem = '';
    this.#troubleKind = '';
    this.#troubles.over(this.name);
  }

  #sayRefused(points: number, reason: string): void {
    const now = this.#setup.clock.monotonicMs();
    if (now < this.#refusalSaidMs + refusalLogEveryMs) return;
    this.#refusalSaidMs = now;
    this.#setup.log.warn(`${this.name}: refused points; nova-agent spool list shows them`, {
      points,
      reason,
    });
  }
}

/** What a server would take without a word and store nowhere, or as more than one point; '' when it is one line. */
function lineFault(line: string): string {
  if (line.trim() === '') return 'an empty line is no point';
  if (line.startsWith('#')) return 'a line that begins with # is a comment';
  return /[\r\n]/.test(line) ? 'more than one line' : '';
}
