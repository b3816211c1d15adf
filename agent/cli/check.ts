import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';

interface CheckArgs extends SettingsArgs {
  readonly print?: boolean | undefined;
}

export const checkCommand: Command<CheckArgs> = {
  command: 'check',
  describe: 'Validate the configuration without touching the network',
  builder: (yargs) =>
    settingsOptions(yargs)
      .option('print', {
        type: 'boolean',
        describe: 'Print the whole configuration in force, secrets left out',
      })
      .example('$0 check -c config/agent.yml --print', 'what holds, defaults included'),
  handler: async (args) => {
    const { config, notices, files } = await loadSettings(args);
    for (const notice of notices) process.stderr.write(`nova-agent: ${notice}\n`);
    if (args.print) {
      const { redact } = await import('../config/redact.ts');
      process.stdout.write(`${JSON.stringify(redact(config), null, 2)}\n`);
    } else {
      process.stdout.write(`${files.length > 0 ? files.join(', ') : 'no file, defaults only'}: valid\n`);
    }
    return exitCodes.done;
  },
};
