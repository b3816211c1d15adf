import type { QuarantinedPoint, SpoolResult } from '../../workers/contract/tasks.ts';
import { AgentError } from '../errors.ts';
import type { ReplayReport } from '../pipeline/spool.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, logOf, type SettingsArgs, settingsOptions } from './settings.ts';

/** More than the quarantines of all destinations hold. */
const everyPoint = 1_000_000;

interface SpoolArgs extends SettingsArgs {
  readonly action: 'list' | 'show' | 'replay' | 'drop';
  readonly ids: readonly number[];
  readonly sink?: string | undefined;
  readonly line?: string | undefined;
  readonly all?: boolean | undefined;
  readonly format: 'table' | 'json';
}

export const spoolCommand: Command<SpoolArgs> = {
  command: 'spool <action> [ids..]',
  describe: 'Points that a destination refused: list, show, replay or drop them',
  builder: (yargs) =>
    settingsOptions(yargs)
      .positional('action', {
        choices: ['list', 'show', 'replay', 'drop'] as const,
        demandOption: true,
        describe: 'What to do',
      })
      .positional('ids', { type: 'number', array: true, default: [], describe: 'Ids, as `list` shows them' })
      .option('sink', { type: 'string', requiresArg: true, describe: 'Only those of this destination' })
      .option('line', {
        type: 'string',
        requiresArg: true,
        describe: 'replay: send this mended line for the one id',
      })
      .option('all', { type: 'boolean', describe: 'replay, drop: every one' })
      .option('format', {
        choices: ['table', 'json'] as const,
        default: 'table' as const,
        describe: 'list, show: for people, or one JSON object a point',
      })
      .example('$0 spool list', 'what was refused, and why')
      .example("$0 spool replay 7 --line 'system,host=a load1=0.5 1767225600000'", 'send a mended line')
      .example('$0 spool drop --all', 'give all of them up'),
  handler: async (args) => {
    checkUse(args);
    const { config } = await loadSettings(args);
    const points = await readQuarantine(config.agent.dataDir, args);
    const missing = tellMissing(points, args);
    if (args.action === 'list' || args.action === 'show') {
      tellPoints(points, args);
      return missing ? exitCodes.failed : exitCodes.done;
    }
    // Changes are made whole or not at all: what is not there may be a slip that hits another point.
    if (missing) return exitCodes.failed;
    const ids = points.map(({ id }) => id);
    const { openSpool } = await import('./spool-access.ts');
    const spool = await openSpool(config, logOf(config));
    try {
      if (args.action === 'drop') return tellDrop(await spool.drop(ids));
      return tellReplay(await spool.replay({ ids, sink: args.sink, line: args.line }));
    } finally {
      await spool.close();
    }
  },
};

function checkUse({ action, ids, all, line }: SpoolArgs): void {
  if (ids.some((id) => !Number.isSafeInteger(id) || id < 1)) {
    throw new AgentError('USAGE', 'ids are whole numbers, as `nova-agent spool list` shows them');
  }
  if ((action === 'list' || action === 'show') && all) {
    throw new AgentError('USAGE', `--all goes with replay and drop; \`spool list\` lists every one`);
  }
  if (ids.length > 0 && all) throw new AgentError('USAGE', 'give ids or --all, not both');
  if (action === 'show' && ids.length === 0) throw new AgentError('USAGE', 'spool show: name the ids');
  if ((action === 'replay' || action === 'drop') && ids.length === 0 && !all) {
    throw new AgentError('USAGE', `spool ${action}: name the ids, or --all`);
  }
  if (line !== undefined && (action !== 'replay' || ids.length !== 1 || all)) {
    throw new AgentError('USAGE', '--line goes with `spool replay` and exactly one id');
  }
}

async function readQuarantine(
  dataDir: string,
  { ids, sink }: SpoolArgs,
): Promise<readonly QuarantinedPoint[]> {
  const { openHistory } = await import('./stored-history.ts');
  const reader = openHistory(dataDir);
  try {
    return reader.quarantine({ sink, ids: ids.length > 0 ? ids : undefined, limit: everyPoint });
  } finally {
    reader.close();
  }
}

/** Tells of ids that are not there, and of an empty quarantine; true when an id is not. */
function tellMissing(points: readonly QuarantinedPoint[], { ids, sink }: SpoolArgs): boolean {
  const found = new Set(points.map(({ id }) => id));
  const missing = ids.filter((id) => !found.has(id));
  const where = sink === undefined ? 'the quarantine' : `the quarantine of ${sink}`;
  if (missing.length > 0) {
    process.stderr.write(
      `nova-agent: not in ${where}: ${missing.join(', ')}; nova-agent spool list shows what is\n`,
    );
  } else if (points.length === 0) {
    process.stderr.write(`nova-agent: ${where} is empty\n`);
  }
  return missing.length > 0;
}

function tellPoints(points: readonly QuarantinedPoint[], { action, format }: SpoolArgs): void {
  if (format === 'json') {
    for (const point of points) process.stdout.write(`${JSON.stringify(point)}\n`);
    return;
  }
  for (const { id, sink, line, reason, refusedAtMs } of points) {
    const at = new Date(refusedAtMs).toISOString();
    if (action === 'show')
      process.stdout.write(`id ${id}\nsink ${sink}\nrefused ${at}\nreason ${reason}\n${line.trimEnd()}\n\n`);
    else process.stdout.write(`${id}\t${at}\t${sink}\t${cut(reason)}\t${cut(line.trimEnd())}\n`);
  }
}

function tellReplay({ delivered, refused, problems }: ReplayReport): number {
  process.stdout.write(`delivered ${delivered}, refused again ${refused.length}\n`);
  for (const { id, reason } of refused) process.stderr.write(`${id}: ${reason}\n`);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return refused.length + problems.length > 0 ? exitCodes.failed : exitCodes.done;
}

function tellDrop({ changed }: SpoolResult): number {
  process.stdout.write(`dropped ${changed}\n`);
  return exitCodes.done;
}

function cut(text: string): string {
  const line = text.replaceAll('\n', ' ').replaceAll('\t', ' ');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
