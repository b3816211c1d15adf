import { createProcessCells } from '../../workers/contract/process-cells.ts';
import { createEventBuffers, type EventBuffers } from '../../workers/contract/window-cells.ts';
import type { Alerting } from '../alerts/alerting.ts';
import type { App, AppParts } from '../app.ts';
import { systemClock } from '../clock.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { RunSignals } from './run-signals.ts';
import { type CollectArgs, collectOptions, type LoadedConfig, loadSettings, logOf } from './settings.ts';

export const runCommand: Command<CollectArgs> = {
  command: 'run',
  describe: 'Run the sidecar until SIGTERM or SIGINT; SIGHUP or a changed file reloads the configuration',
  builder: (yargs) =>
    collectOptions(yargs)
      .example('$0 run', 'watch the one Node process of this host')
      .example('$0 run --pid-file /run/crm.pid', 'as a service'),
  handler: async (args) => {
    const settings = await loadSettings(args);
    // The lock comes before all that takes long to load: who is second is told at once.
    const { prepareDataDir } = await import('./data-dir.ts');
    const owner = await prepareDataDir(settings.config.agent.dataDir);
    try {
      return await new Runner(args, await withAlerting(settings)).run();
    } finally {
      owner.release();
    }
  },
};

/** A configuration with the rules and routes that it names. */
interface LoadedRun extends LoadedConfig {
  readonly alerting: Alerting;
}

async function withAlerting(settings: LoadedConfig): Promise<LoadedRun> {
  const { loadAlerting } = await import('../alerts/alerting.ts');
  const { agent, rules, notify } = settings.config;
  const { interval: intervalMs } = agent;
  const alerting = await loadAlerting({ rules, notify, intervalMs, env: process.env, cwd: process.cwd() });
  return {
    config: settings.config,
    alerting,
    notices: [...settings.notices, ...alerting.notices],
    files: [...settings.files, ...alerting.files],
  };
}

/** One text for all that is in force. */
function configText({ config, alerting }: LoadedRun): string {
  return JSON.stringify([config, alerting]);
}

/** How long the end waits for a start that is under way, milliseconds. */
const startGraceMs = 800;

/** One run of the sidecar: start, reloads and the end. */
class Runner {
  readonly #args: CollectArgs;
  readonly #signals: RunSignals;
  readonly #processCells = createProcessCells();
  #events: { readonly intervalMs: number; readonly buffers: EventBuffers } | undefined;
  #loaded: LoadedRun;
  #log: Log;
  #app: App | undefined;
  #watcher: { close(): void } | undefined;

  constructor(args: CollectArgs, loaded: LoadedRun) {
    this.#args = args;
    this.#loaded = loaded;
    this.#log = logOf(loaded.config);
    this.#signals = new RunSignals(() => this.#log);
  }

  async run(): Promise<number> {
    this.#tellNotices();
    const { startApp } = await import('../app.ts');
    const starting = startApp(this.#loaded.config, this.#loaded.alerting, this.#parts(this.#log));
    // A large store is checked for long, and there is nothing to flush: who asks for the end does not wait for it.
    starting.catch(() => {});
    const givenUp = this.#signals.ended.then(() => systemClock.sleep(startGraceMs));
    this.#app = (await Promise.race([starting, givenUp])) ?? undefined;
    if (!this.#app) return exitCodes.done;
    this.#tellStart();
    await this.#watch(this.#loaded.files);
    for (let why = await this.#signals.next(); why !== null; why = await this.#signals.next()) {
      await this.#reload(why);
    }
    this.#watcher?.close();
    for (const trouble of (await this.#app?.stop()) ?? []) this.#log.warn(`while ending: ${trouble}`);
    this.#log.info('ended');
    return exitCodes.done;
  }

  /** The new configuration whole, or the old one as it was. Rejects when not even the old one can be started again. */
  async #reload(why: string): Promise<void> {
    // Watching begins anew before the files are read: a change that this reload takes in asks for no second one.
    await this.#watch(this.#loaded.files);
    const next = await this.#loadNext(why);
    if (!next) return;
    // Other rules and routes alone miss no tick.
    const isSame = JSON.stringify(next.config) === JSON.stringify(this.#loaded.config);
    if (isSame && (await this.#app?.useAlerting(next.alerting)))
      return await this.#inForce(why, next, this.#log);
    const { startApp } = await import('../app.ts');
    const log = logOf(next.config);
    for (const trouble of (await this.#app?.stop()) ?? []) this.#log.warn(`while ending: ${trouble}`);
    this.#app = undefined;
    if (this.#signals.isEnding) return;
    try {
      this.#app = await startApp(next.config, next.alerting, this.#parts(log));
      await this.#inForce(why, next, log);
    } catch (error) {
      this.#refused(why, error);
      this.#app = await startApp(this.#loaded.config, this.#loaded.alerting, this.#parts(this.#log));
    }
  }

  async #inForce(why: string, next: LoadedRun, log: Log): Promise<void> {
    if (next.files.join('\n') !== this.#loaded.files.join('\n')) await this.#watch(next.files);
    this.#loaded = next;
    this.#log = log;
    this.#tellNotices();
    log.info(`${why}: new configuration in force`);
  }

  /** What a reload keeps. */
  #parts(log: Log): AppParts {
    const eventsOf = (intervalMs: number): EventBuffers => {
      if (this.#events?.intervalMs !== intervalMs)
        this.#events = { intervalMs, buffers: createEventBuffers(intervalMs) };
      return this.#events.buffers;
    };
    return { log, processCells: this.#processCells, eventsOf };
  }

  /** The configuration as it is now; null when it cannot be used or is the same. */
  async #loadNext(why: string): Promise<LoadedRun | null> {
    try {
      const next = await withAlerting(await loadSettings(this.#args));
      const { dataDir } = this.#loaded.config.agent;
      if (next.config.agent.dataDir !== dataDir) {
        const message = `agent.dataDir: cannot change from ${dataDir} while the agent runs; restart it`;
        throw new AgentError('CONFIG_INVALID', message);
      }
      if (configText(next) !== configText(this.#loaded)) return next;
      this.#log.info(`${why}: the configuration is the same`);
    } catch (error) {
      this.#refused(why, error);
    }
    return null;
  }

  #refused(why: string, error: unknown): void {
    for (const problem of messageOf(error).split('\n')) this.#log.error(`${why}: ${problem}`);
    this.#log.error(`${why}: configuration refused, the old one stays in force`);
  }

  async #watch(files: readonly string[]): Promise<void> {
    this.#watcher?.close();
    const { watchConfig } = await import('../config/watch.ts');
    const onChange = () => this.#signals.askReload('changed file');
    this.#watcher = watchConfig({ files, onChange });
  }

  #tellNotices(): void {
    for (const notice of this.#loaded.notices) this.#log.warn(notice);
  }

  #tellStart(): void {
    const { config, files } = this.#loaded;
    this.#log.info('running', {
      pid: process.pid,
      config: files[0] ?? 'none, defaults only',
      interval: `${config.agent.interval}ms`,
      dataDir: config.agent.dataDir,
      http: this.#app?.http?.url ?? 'off',
    });
    const http = this.#app?.http;
    // A code to log in with stands in the log only where nobody has another way in.
    if (http?.login) {
      this.#log.info(
        `dashboard: ${http.login} logs in once, within 10 minutes; "nova-agent login" makes another`,
      );
    } else if (http) {
      this.#log.info(`dashboard: ${http.dashboard}/; log in with a token, or "nova-agent login"`);
    }
  }
}
