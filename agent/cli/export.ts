import { once } from 'node:events';
import type { Reader, StoredPoint } from '../../workers/store/reader.ts';
import { AgentError } from '../errors.ts';
import { nearest } from '../spelling.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { type PointFormat, pointWriter } from './point-formats.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';
import { timeOf } from './time-option.ts';

interface ExportArgs extends SettingsArgs {
  readonly since: string;
  readonly until?: string | undefined;
  readonly format: PointFormat;
  readonly measurement?: readonly string[] | undefined;
}

export const exportCommand: Command<ExportArgs> = {
  command: 'export',
  describe: 'Print stored history, oldest first; works beside a running agent',
  builder: (yargs) =>
    settingsOptions(yargs)
      .option('since', {
        type: 'string',
        default: '24h',
        requiresArg: true,
        describe: 'From: a duration back from now, or an ISO 8601 time',
      })
      .option('until', { type: 'string', requiresArg: true, describe: 'To: likewise [now]' })
      .option('format', {
        choices: ['lp', 'csv', 'jsonl'] as const,
        default: 'lp' as const,
        describe: 'Line protocol, one row a value, or one JSON object a point',
      })
      .option('measurement', { type: 'string', array: true, requiresArg: true, describe: 'Only these' })
      .example('$0 export --since 1h --format csv --measurement system', 'an hour for a spreadsheet'),
  handler: async (args) => {
    const nowMs = Date.now();
    const startMs = timeOf('--since', args.since, nowMs);
    const endMs = args.until === undefined ? nowMs : timeOf('--until', args.until, nowMs);
    if (startMs >= endMs) throw new AgentError('USAGE', '--since must lie before --until');
    const { config } = await loadSettings(args);
    const { openHistory } = await import('./stored-history.ts');
    const reader = openHistory(config.agent.dataDir);
    try {
      tellUnknown(args.measurement ?? [], reader);
      await print(reader.points(startMs, endMs), args, config.agent.measurementPrefix);
    } finally {
      reader.close();
    }
    return exitCodes.done;
  },
};

/** A measurement that is not there is most likely a slip. */
function tellUnknown(wanted: readonly string[], reader: Reader): void {
  const stored = new Set(reader.series().map(({ measurement }) => measurement));
  for (const name of wanted) {
    if (stored.has(name)) continue;
    const near = nearest(name, stored);
    process.stderr.write(
      `nova-agent: there is no measurement "${name}"${near ? `; did you mean ${near}?` : ''}\n`,
    );
  }
}

/** Writes in pieces and waits for a slow reader of the output, so that memory stays small. */
async function print(points: Iterable<StoredPoint>, args: ExportArgs, prefix: string): Promise<void> {
  const wanted = args.measurement && new Set(args.measurement);
  const writer = pointWriter(args.format, prefix);
  let text = writer.header;
  for (const point of points) {
    if (wanted && !wanted.has(point.measurement)) continue;
    text += writer.format(point);
    if (text.length < 65_536) continue;
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
    text = '';
  }
  process.stdout.write(text);
}
