import type { Argv } from 'yargs';
import type { Config } from '../config/schema.ts';
import { createLog, type Log, type LogLevel, logLevels } from '../log.ts';

/** What every command that reads the configuration takes. */
export interface SettingsArgs {
  readonly config?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
}

/** What names the CRM process and overrides the file, for commands that collect. */
export interface CollectArgs extends SettingsArgs {
  readonly pid?: string | undefined;
  readonly pidFile?: string | undefined;
  readonly match?: string | undefined;
  readonly port?: string | undefined;
  readonly http?: string | undefined;
}

/** One configuration, as loaded. */
export interface LoadedConfig {
  readonly config: Config;
  readonly notices: readonly string[];
  /** Every file that was read. */
  readonly files: readonly string[];
}

export function settingsOptions<T>(yargs: Argv<T>) {
  return yargs
    .option('config', {
      alias: 'c',
      type: 'string',
      requiresArg: true,
      describe: 'Configuration file [config/agent.yml, then /etc/nova-agent/agent.yml, where present]',
    })
    .option('data-dir', { type: 'string', requiresArg: true, describe: 'Folder of the store' })
    .option('log-level', {
      choices: logLevels,
      requiresArg: true,
      describe: 'The least important messages that go to standard error',
    });
}

export function collectOptions<T>(yargs: Argv<T>) {
  return settingsOptions(yargs)
    .option('pid', { type: 'string', requiresArg: true, describe: 'Process to watch, by its id' })
    .option('pid-file', { type: 'string', requiresArg: true, describe: '… by a file that holds its id' })
    .option('match', { type: 'string', requiresArg: true, describe: '… by a text in its command line' })
    .option('port', { type: 'string', requiresArg: true, describe: '… by a TCP port that it listens on' })
    .option('http', { type: 'string', requiresArg: true, describe: 'HTTP address, HOST:PORT, or false' });
}

/** Loads the configuration that the command line names. Throws AgentError CONFIG_INVALID with every problem. */
export async function loadSettings(args: SettingsArgs | CollectArgs): Promise<LoadedConfig> {
  const { loadConfig } = await import('../config/load.ts');
  const { config: path, dataDir, logLevel, pid, pidFile, match, port, http } = args as CollectArgs;
  return loadConfig({
    path,
    env: process.env,
    overrides: { dataDir, logLevel, pid, pidFile, match, port, http },
    cwd: process.cwd(),
  });
}

export function logOf(config: Config): Log {
  return createLog(config.agent.logLevel);
}
