import { AgentError } from '../errors.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';

interface RulesArgs extends SettingsArgs {
  readonly action: 'check' | 'test' | 'backtest';
  readonly files: readonly string[];
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly format?: 'table' | 'json' | undefined;
  readonly notify?: string | undefined;
}

const testHelp = `rules test runs unit tests in promtool's format. Keys of ours, for which promtool refuses a file: notify_file at
the top; in a test start_timestamp (ISO 8601 or seconds since 1970), silences, and routing_test, which asks of every firing
alert with these labels where it goes, who keeps it quiet, and who has been told of it so far:

  notify_file: notify.yml
  tests:
    - silences:
        - { matchers: ['queue="mail"'], startsAt: 0s, endsAt: 2h }
      routing_test:
        - eval_time: 10m
          labels: { alertname: high-queue, queue: mail }
          receivers: [crm-team]
          muted_by: silence        # or nobody, inhibition, time
          notified: []

rules backtest: a flap is a firing that ended by itself within 5 minutes.`;

export const rulesCommand: Command<RulesArgs> = {
  command: 'rules <action> [files..]',
  describe: 'Rule files: check them; run their unit tests; replay them over the stored past',
  builder: (yargs) =>
    settingsOptions(yargs)
      .positional('action', {
        choices: ['check', 'test', 'backtest'] as const,
        demandOption: true,
        describe: 'What to do',
      })
      .positional('files', {
        type: 'string',
        array: true,
        default: [],
        describe: 'Rule files or globs; without any the configured ones, with the routing of their alerts',
      })
      .option('since', {
        type: 'string',
        requiresArg: true,
        describe: 'backtest: from a duration back from now, or an ISO 8601 time [14d]',
      })
      .option('until', { type: 'string', requiresArg: true, describe: 'backtest: to, likewise [now]' })
      .option('format', {
        choices: ['table', 'json'] as const,
        requiresArg: true,
        describe: 'backtest: for a person, or everything [table]',
      })
      .option('notify', {
        type: 'string',
        requiresArg: true,
        describe: 'backtest: who would be told, instead of the configured notification file',
      })
      .example('$0 rules check', 'the configured rules: every mistake, with its place')
      .example('$0 rules check rules/*.yml', 'these files')
      .example('$0 rules test', "every *.test.yml beside the configured rules, in promtool's format")
      .example('$0 rules backtest new.yml --since 7d', 'what these rules would have done last week')
      .epilogue(testHelp),
  handler: async (args) => {
    if (args.action !== 'backtest') refuseOptions(args);
    const { config } = await loadSettings(args).catch(async (error: unknown) => {
      if (args.action !== 'check' || args.files.length > 0) throw error;
      const { withAlertingMistakes } = await import('./checked-rules.ts');
      throw await withAlertingMistakes(error, process.cwd());
    });
    if (args.action === 'test') {
      const { testRules } = await import('./rules-test.ts');
      return testRules(config, args.files.map(String), process.cwd());
    }
    if (args.action === 'backtest') {
      const { backtestRules } = await import('./rules-backtest.ts');
      const { files, since = '14d', until, format = 'table', notify } = args;
      const options = { files: files.map(String), since, until, format, notify };
      return backtestRules(config, options, process.cwd());
    }
    const { checkAlerting, checkRules, runningSilences } = await import('./checked-rules.ts');
    const cwd = process.cwd();
    const { summary, warnings } =
      args.files.length > 0
        ? await checkRules(config, args.files.map(String), cwd)
        : await checkAlerting(config, await runningSilences(config.agent.dataDir), cwd);
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    process.stdout.write(`${summary}\n`);
    return exitCodes.done;
  },
};

/** Only a replay takes them. */
function refuseOptions({ action, since, until, format, notify }: RulesArgs): void {
  for (const [name, value] of Object.entries({ since, until, format, notify })) {
    if (value !== undefined)
      throw new AgentError('USAGE', `--${name}: rules ${action} takes no such option; rules backtest does`);
  }
}
