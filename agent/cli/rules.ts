import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';

interface RulesArgs extends SettingsArgs {
  readonly action: 'check';
  readonly files: readonly string[];
}

export const rulesCommand: Command<RulesArgs> = {
  command: 'rules <action> [files..]',
  describe: 'Rule files: check them',
  builder: (yargs) =>
    settingsOptions(yargs)
      .positional('action', { choices: ['check'] as const, demandOption: true, describe: 'What to do' })
      .positional('files', {
        type: 'string',
        array: true,
        default: [],
        describe: 'Rule files or globs; without any the configured ones, with the routing of their alerts',
      })
      .example('$0 rules check', 'the configured rules: every mistake, with its place')
      .example('$0 rules check rules/*.yml', 'these files'),
  handler: async (args) => {
    const { config } = await loadSettings(args);
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
