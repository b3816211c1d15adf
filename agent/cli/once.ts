import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { type CollectArgs, collectOptions, loadSettings, logOf } from './settings.ts';

export const onceCommand: Command<CollectArgs> = {
  command: 'once',
  describe: 'Collect once, print line protocol and exit; nothing is stored or sent',
  builder: (yargs) => collectOptions(yargs).example('$0 once --match server.js', 'with the process to watch'),
  handler: async (args) => {
    const { config, notices } = await loadSettings(args);
    const log = logOf(config);
    for (const notice of notices) log.warn(notice);
    const { collectOnce } = await import('../app.ts');
    const { lines } = await collectOnce(config, { log });
    process.stdout.write(lines);
    return lines === '' ? exitCodes.failed : exitCodes.done;
  },
};
