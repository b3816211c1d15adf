import type { App } from '../app.ts';
import { AgentError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { type CollectArgs, collectOptions, type LoadedConfig, loadSettings, logOf } from './settings.ts';

export const runCommand: Command<CollectArgs> = {
  command: 'run',
  describe: 'Run the sidecar until SIGTERM or SIGINT; SIGHUP or a changed file reloads the configuration',
  builder: (yargs) =>
    collectOptions(yargs)
      .example('$0 run', 'watch the one Node process of this host')
      .example('$0 run --pid-file /run/crm.pid -c /etc/nova-agent/agent.yml', 'as a service'),
  handler: async (args) => {
    const loaded = await loadSettings(args);
    const log = logOf(loaded.config);
    const { prepareDataDir } = await import('./data-dir.ts');
    const owner = await prepareDataDir(loaded.config.agent.dataDir);
    try {
      return await new Runner(args, loaded, log).run();
    } finally {
      owner.release();
    }
  },
};

/** One run of the sidecar: signals, reloads and the end. */
class Runner {
  readonly #args: CollectArgs;
  readonly #log: Log;
  #loaded: LoadedConfig;
  #app: App | undefined;
  #watcher: { close(): void } | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(args: CollectArgs, loaded: LoadedConfig, log: Log) {
    this.#args = args;
    this.#loaded = loaded;
    this.#log = log;
  }

  async run(): Promise<number> {
    const ended = this.#signals();
    this.#tellNotices(this.#loaded);
    const { startApp } = await import('../app.ts');
    this.#app = await startApp(this.#loaded.config, { log: this.#log });
    this.#tellStart();
    await this.#watch();
    await ended;
    this.#watcher?.close();
    await this.#work;
    for (const trouble of (await this.#app?.stop()) ?? []) this.#log.warn(`while ending: ${trouble}`);
    this.#log.info('ended');
    return exitCodes.done;
  }

  /** Resolves at the first SIGTERM or SIGINT; the second one ends the process at once. */
  #signals(): Promise<void> {
    process.on('SIGHUP', () => this.#reload('SIGHUP'));
    return new Promise((resolve) => {
      let asked = false;
      const end = (signal: NodeJS.Signals) => {
        if (asked) process.exit(exitCodes.failed);
        asked = true;
        this.#log.info(`${signal}: ending; once more ends at once`);
        resolve();
      };
      process.on('SIGTERM', end);
      process.on('SIGINT', end);
    });
  }

  /** Reloads run one behind the other. */
  #reload(why: string): void {
    this.#work = this.#work.then(() => this.#reloadNow(why));
  }

  /** The new configuration whole, or the old one as it was. */
  async #reloadNow(why: string): Promise<void> {
    let next: LoadedConfig;
    try {
      next = await loadSettings(this.#args);
      if (next.config.agent.dataDir !== this.#loaded.config.agent.dataDir) {
        throw new AgentError(
          'CONFIG_INVALID',
          'agent.dataDir cannot change while the agent runs; restart it',
        );
      }
    } catch (error) {
      this.#log.error(`${why}: configuration refused, the old one stays in force: ${messageOf(error)}`);
      return;
    }
    if (JSON.stringify(next.config) === JSON.stringify(this.#loaded.config)) {
      this.#log.info(`${why}: the configuration is the same`);
      return;
    }
    const { startApp } = await import('../app.ts');
    await this.#app?.stop();
    try {
      this.#app = await startApp(next.config, { log: this.#log });
      this.#loaded = next;
      this.#tellNotices(next);
      this.#log.info(`${why}: new configuration in force`);
    } catch (error) {
      this.#log.error(`${why}: configuration refused, the old one is started again: ${messageOf(error)}`);
      this.#app = await startApp(this.#loaded.config, { log: this.#log });
    }
    await this.#watch();
  }

  async #watch(): Promise<void> {
    this.#watcher?.close();
    const { watchConfig } = await import('../config/watch.ts');
    this.#watcher = watchConfig({ files: this.#loaded.files, onChange: () => this.#reload('changed file') });
  }

  #tellNotices({ notices }: LoadedConfig): void {
    for (const notice of notices) this.#log.warn(notice);
  }

  #tellStart(): void {
    const { agent } = this.#loaded.config;
    this.#log.info('running', {
      pid: process.pid,
      interval: `${agent.interval}ms`,
      dataDir: agent.dataDir,
      http: this.#app?.http?.url ?? 'off',
    });
  }
}
