import type { Clock } from '../../clock.ts';
import { AgentError, messageOf } from '../../errors.ts';
import { type Dialect, findDialect } from './dialect.ts';
import type { InfluxOptions } from './options.ts';
import { Pace } from './pace.ts';
import type { Load, Parcel } from './parcel.ts';
import { InfluxTransport, noAnswer, type Request } from './transport.ts';
import { judge, type Verdict } from './verdict.ts';

/** Why a parcel could not be delivered now. */
export interface Setback {
  /** In words that say how to mend it; no secrets. */
  readonly problem: string;
  /** Stays the same while the trouble does, whatever the server's words. */
  readonly kind: string;
  readonly waitMs: number;
  /** The server said how long to wait. */
  readonly asked: boolean;
}

/** Loads above this many lines are halved when a server does not answer in time: it or the line may be slow. */
const maxLinesOfSlow = 500;

/** Carries parcels to one server: one request in flight at a time, whoever asks. */
export class Courier {
  readonly pace: Pace;
  readonly #options: InfluxOptions;
  readonly #clock: Clock;
  readonly #transport: InfluxTransport;
  #dialect: Dialect | undefined;
  /** Setbacks in a row. */
  #setbacks = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: InfluxOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#transport = new InfluxTransport(options.url, clock);
    this.pace = new Pace(options.maxPointsPerSecond, clock);
  }

  /** Sends what is left of the parcel; resolves with null when nothing is, or with the first setback. Never rejects. */
  async attempt(parcel: Parcel, signal: AbortSignal): Promise<Setback | null> {
    for (;;) {
      const load = parcel.front(this.pace.maxPoints());
      if (!load) return null;
      const turn = this.#turn.then(() => this.#send(parcel, load, signal));
      this.#turn = turn;
      const setback = await turn;
      if (setback) return setback;
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #send(parcel: Parcel, load: Load, signal: AbortSignal): Promise<Setback | null> {
    try {
      const exchange = (request: Request) => this.#transport.exchange(request, signal);
      this.#dialect ??= await findDialect(this.#options, exchange);
      const { path, headers } = this.#dialect;
      const answer = await exchange({ method: 'POST', path, headers, body: load.text });
      // With `auto` another version may have taken its place.
      if (answer.status === 404 && this.#options.version === 'auto') this.#dialect = undefined;
      const verdict = judge(answer, load.lines, this.#options, this.#clock.now());
      return this.#act(verdict, parcel, load, `${answer.status}`);
    } catch (error) {
      const problem = messageOf(error);
      if (problem === noAnswer && load.lines > maxLinesOfSlow) this.pace.tooLarge(load.lines);
      const isLasting = error instanceof AgentError && error.code === 'SINK_REFUSED' && !error.retryable;
      return isLasting ? this.#hold(problem, problem) : this.#backOff(problem, problem);
    }
  }

  #act(verdict: Verdict, parcel: Parcel, load: Load, kind: string): Setback | null {
    switch (verdict.do) {
      case 'hold':
        return this.#hold(verdict.problem, kind);
      case 'wait':
        return this.#backOff(verdict.problem, kind, verdict.retryAfterMs);
      case 'delivered':
        parcel.delivered();
        break;
      case 'partial':
        parcel.partlyRefused(verdict.refused, verdict.complete ? 'written' : 'again');
        break;
      case 'refuseAll':
        parcel.refused(verdict.reason);
        break;
      case 'shrink':
        this.pace.tooLarge(load.lines);
        this.#halve(parcel, load, verdict.reason);
        break;
      case 'split':
        this.#halve(parcel, load, verdict.reason);
        break;
    }
    this.#setbacks = 0;
    return null;
  }

  #halve(parcel: Parcel, load: Load, reason: string): void {
    if (load.lines > 1) parcel.split();
    else parcel.refused(reason);
  }

  /** A person has to act: asked again every 30 to 60 s. */
  #hold(problem: string, kind: string): Setback {
    this.#setbacks = 0;
    return { problem, kind, waitMs: 30_000 + this.#clock.random() * 30_000, asked: false };
  }

  /** 1 s at least and, with full jitter, up to 60 s: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
  #backOff(problem: string, kind: string, askedMs?: number): Setback {
    const capMs = Math.min(60_000, 1000 * 2 ** Math.min(++this.#setbacks, 10));
    const waitMs = askedMs ?? 1000 + this.#clock.random() * (capMs - 1000);
    return { problem, kind, waitMs, asked: askedMs !== undefined };
  }
}
