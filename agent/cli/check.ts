import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';

interface CheckArgs extends SettingsArgs {
  readonly print?: boolean | undefined;
}

export const checkCommand: Command<CheckArgs> = {
  command: 'check',
  describe: 'Validate the configuration, the rules and who is told, without touching the network',
  builder: (yargs) =>
    settingsOptions(yargs)
      .option('print', {
        type: 'boolean',
        describe: 'Print the whole configuration in force, secrets left out',
      })
      .example('$0 check -c config/agent.yml --print', 'what holds, defaults included'),
  handler: async (args) => {
    const { checkAlerting, withAlertingMistakes } = await import('./checked-rules.ts');
    const { config, notices, files } = await loadSettings(args).catch(async (error: unknown) => {
      throw await withAlertingMistakes(error, process.cwd());
    });
    const rules = await checkAlerting(config, [], process.cwd());
    for (const notice of [...notices, ...rules.warnings]) process.stderr.write(`nova-agent: ${notice}\n`);
    if (args.print) {
      const { redact } = await import('../config/redact.ts');
      process.stdout.write(`${JSON.stringify(redact(config), null, 2)}\n`);
    } else {
      process.stdout.write(`${files.length > 0 ? files.join(', ') : 'no file, defaults only'}: valid\n`);
      process.stdout.write(`${rules.summary}\n`);
    }
    return exitCodes.done;
  },
};
