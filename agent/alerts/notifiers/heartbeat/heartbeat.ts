import type { Clock } from '../../../clock.ts';
import { messageOf } from '../../../errors.ts';
import type { TroubleLog } from '../../../log.ts';
import { HttpClient } from '../http-client.ts';
import type { HeartbeatOptions } from './options.ts';

export interface HeartbeatSetup {
  readonly clock: Clock;
  readonly troubles: TroubleLog;
  /** Whether rules are evaluated. */
  readonly isAlive: () => boolean;
}

const subject = 'heartbeat';
/** While rules are not evaluated, as at the start, they are looked at so often: the first beat comes with them. */
const lookMs = 1000;

/**
 * Tells a dead-man service, every interval, that rules are still evaluated: it calls for help when it hears nothing.
 * One request at a time; `start`, once, then `close`, once.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #setup: HeartbeatSetup;
  readonly #client: HttpClient;
  readonly #end = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: HeartbeatOptions, setup: HeartbeatSetup) {
    this.#options = options;
    this.#setup = setup;
    this.#client = new HttpClient({ url: options.url!, config: options.http_config, clock: setup.clock });
  }

  start(): void {
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
    this.#client.close();
  }

  async #run(): Promise<void> {
    const { clock, isAlive } = this.#setup;
    const { interval } = this.#options;
    const { signal } = this.#end;
    let nextMs = clock.monotonicMs();
    while (!signal.aborted) {
      if (!isAlive()) {
        await clock.sleep(Math.min(lookMs, interval), signal);
        nextMs = clock.monotonicMs();
        continue;
      }
      await this.#beat();
      // A beat that was missed is not made up for.
      nextMs += interval * (Math.floor((clock.monotonicMs() - nextMs) / interval) + 1);
      await clock.sleep(nextMs - clock.monotonicMs(), signal);
    }
  }

  async #beat(): Promise<void> {
    const { troubles } = this.#setup;
    try {
      await this.#client.send({ method: this.#options.method, body: '' }, this.#end.signal);
      troubles.over(subject);
    } catch (error) {
      if (!this.#end.signal.aborted) troubles.trouble(subject, messageOf(error));
    }
  }
}
