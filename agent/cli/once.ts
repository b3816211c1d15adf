import type { Config } from '../config/schema.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { type CollectArgs, collectOptions, loadSettings, logOf } from './settings.ts';

export const onceCommand: Command<CollectArgs> = {
  command: 'once',
  describe: 'Collect once, print line protocol and exit; nothing is stored or sent',
  builder: (yargs) =>
    collectOptions(yargs)
      .example('$0 once --match server.js', 'with the process to watch')
      .example('$0 once --http false > points.lp', 'messages stay on standard error')
      .epilogue(
        'Exit codes: 1 when a source that was named could not be read, as with `telegraf --test`; the points of all others are printed. What is looked for unasked, a Redis at its default port and the one Node process, may be missing.',
      ),
  handler: async (args) => {
    const { config, notices } = await loadSettings(args);
    const log = logOf(config);
    for (const notice of notices) log.warn(notice);
    const { collectOnce } = await import('../once.ts');
    const { lines, sources } = await collectOnce(config, { log });
    process.stdout.write(lines);
    const unasked = await lookedForUnasked(config);
    const failed = sources.some(({ source, up }) => !up && !unasked.has(source));
    return failed || lines === '' ? exitCodes.failed : exitCodes.done;
  },
};

/** Names of the sources that are as the defaults have them. */
async function lookedForUnasked({ queues, processes }: Config): Promise<ReadonlySet<string>> {
  const { configSchema } = await import('../config/schema.ts');
  const defaults = configSchema.parse({});
  const names = new Set<string>();
  const isDefault = (value: unknown, normal: unknown) => JSON.stringify(value) === JSON.stringify(normal);
  if (queues && isDefault(queues, defaults.queues))
    for (const { name } of queues) names.add(`queues/${name}`);
  if (isDefault(processes, defaults.processes))
    for (const { name } of processes) names.add(`process/${name}`);
  return names;
}
