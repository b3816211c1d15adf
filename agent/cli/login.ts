import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';

const roles = ['admin', 'viewer'] as const;

interface LoginArgs extends SettingsArgs {
  readonly role: (typeof roles)[number];
}

export const loginCommand: Command<LoginArgs> = {
  command: 'login',
  describe: 'Print an address that logs in to the dashboard of the running agent, once, within 10 minutes',
  builder: (yargs) =>
    settingsOptions(yargs)
      .option('role', {
        choices: roles,
        default: 'admin' as const,
        requiresArg: true,
        describe: 'What who visits it may do: admin everything, viewer only read',
      })
      .example('$0 login', 'open what it prints in a browser'),
  handler: async ({ role, ...args }) => {
    const { config } = await loadSettings(args);
    const { callControl } = await import('../http/control-client.ts');
    const by = process.env.USER ?? process.env.LOGNAME;
    const answer = (await callControl(config.agent.dataDir, 'login', { role, by })) as {
      readonly address: string;
    };
    process.stdout.write(`${answer.address}\n`);
    return exitCodes.done;
  },
};
