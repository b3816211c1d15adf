import { createLog } from '../log.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { type CollectArgs, collectOptions, loadSettings } from './settings.ts';

export const doctorCommand: Command<CollectArgs> = {
  command: 'doctor',
  describe: 'Try every connection and permission, and say how to mend what fails',
  builder: (yargs) =>
    collectOptions(yargs).example('$0 doctor -c config/agent.yml', 'before the first start'),
  handler: async (args) => {
    const { config, notices, files } = await loadSettings(args);
    process.stdout.write(
      `ok    configuration: ${files.length > 0 ? files.join(', ') : 'no file, defaults only'}\n`,
    );
    for (const notice of notices) process.stdout.write(`note  configuration: ${notice}\n`);
    const { examine } = await import('../doctor.ts');
    let failed = false;
    for await (const { part, ok, detail } of examine(config, createLog('silent'))) {
      failed ||= !ok;
      process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${part}: ${detail}\n`);
    }
    return failed ? exitCodes.failed : exitCodes.done;
  },
};
