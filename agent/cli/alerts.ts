import type { AlertPage, AlertQuery, ShownAlert, ShownSilence, SilenceRequest } from '../alert-shape.ts';
import { alertStatuses } from '../alert-shape.ts';
import type { TestOutcome } from '../alerts/alert-commands.ts';
import { AgentError } from '../errors.ts';
import { alertTexts, type RecordedAlert } from './alert-text.ts';
import type { Command } from './command.ts';
import { exitCodes } from './exit.ts';
import { loadSettings, type SettingsArgs, settingsOptions } from './settings.ts';
import { tableText } from './table.ts';

const actions = ['list', 'show', 'ack', 'silence', 'silences', 'unsilence', 'test-notify'] as const;

interface AlertsArgs extends SettingsArgs {
  readonly action: (typeof actions)[number];
  readonly names: readonly string[];
  readonly status: AlertQuery['status'];
  readonly limit: number;
  readonly comment?: string | undefined;
  readonly by?: string | undefined;
  readonly for?: string | undefined;
  readonly until?: string | undefined;
  readonly format: 'table' | 'json';
}

export const alertsCommand: Command<AlertsArgs> = {
  command: 'alerts <action> [names..]',
  describe: 'Alerts of the running agent: list, acknowledge, silence; send a test notification',
  builder: (yargs) =>
    settingsOptions(yargs)
      .positional('action', { choices: actions, demandOption: true, describe: 'What to do' })
      .positional('names', {
        type: 'string',
        array: true,
        default: [],
        describe: 'show, ack, unsilence: ids; silence: matchers; test-notify: a receiver',
      })
      .option('status', {
        choices: [...alertStatuses, 'open', 'all'] as const,
        default: 'active' as const,
        requiresArg: true,
        describe: 'list: only these; active includes unknown',
      })
      .option('limit', { type: 'number', default: 100, requiresArg: true, describe: 'list: at most so many' })
      .option('comment', { type: 'string', requiresArg: true, describe: 'ack, silence: why' })
      .option('by', { type: 'string', requiresArg: true, describe: 'ack, silence: who [this user]' })
      .option('for', { type: 'string', requiresArg: true, describe: 'silence: how long, such as 2h' })
      .option('until', {
        type: 'string',
        requiresArg: true,
        describe: 'silence: or until this ISO 8601 time',
      })
      .option('format', {
        choices: ['table', 'json'] as const,
        default: 'table' as const,
        describe: 'For people, or one JSON object a line',
      })
      .example('$0 alerts list', 'what fires now')
      .example("$0 alerts silence 'queue=\"mail\"' --for 2h --comment 'moving house'", 'nobody is told of it')
      .example('$0 alerts test-notify oncall', 'send a marked test'),
  handler: async (args) => {
    checkUse(args);
    const { config } = await loadSettings(args);
    const { callControl } = await import('../http/control-client.ts');
    const ask = <T>(command: string, body: object) =>
      callControl(config.agent.dataDir, command, body) as Promise<T>;
    const by = args.by ?? process.env.USER ?? process.env.LOGNAME ?? `uid ${process.getuid?.() ?? '?'}`;
    const { names, comment = '' } = args;
    switch (args.action) {
      case 'list': {
        const { status, limit } = args;
        const { alerts } = await ask<AlertPage>('alerts-list', { status, limit });
        return tell(args, alerts, alertTable);
      }
      case 'show':
        return tell(args, await ask<RecordedAlert[]>('alerts-show', { ids: names }), alertTexts);
      case 'ack':
        return tell(args, await ask<ShownAlert[]>('alerts-ack', { ids: names, by, comment }), alertTable);
      case 'silence': {
        const length = args.until === undefined ? { duration: args.for ?? '' } : { endsAt: args.until };
        const request: SilenceRequest = { matchers: names, createdBy: by, comment, ...length };
        return tell(args, [await ask<ShownSilence>('alerts-silence', request)], silenceTable);
      }
      case 'silences':
        return tell(args, await ask<ShownSilence[]>('alerts-silences', {}), silenceTable);
      case 'unsilence':
        await ask('alerts-unsilence', { ids: names });
        process.stdout.write(`ended ${names.length}\n`);
        return exitCodes.done;
      case 'test-notify':
        return tellTest(await ask<readonly TestOutcome[]>('alerts-test-notify', { receiver: names[0] }));
    }
  },
};

function checkUse({ action, names, limit, comment, for: length, until }: AlertsArgs): void {
  const takesNone = action === 'list' || action === 'silences';
  if (takesNone && names.length > 0) throw new AgentError('USAGE', `alerts ${action}: takes no names`);
  if (!takesNone && names.length === 0) {
    const what = { silence: 'a matcher such as queue="mail"', 'test-notify': 'a receiver' };
    const named = what[action as keyof typeof what] ?? 'an id, as the list shows it';
    throw new AgentError('USAGE', `alerts ${action}: name ${named}`);
  }
  if (action === 'test-notify' && names.length > 1)
    throw new AgentError('USAGE', 'alerts test-notify: one receiver at a time');
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000)
    throw new AgentError('USAGE', '--limit: expected a whole number from 1 to 1000');
  if (action !== 'silence') return;
  if ((length === undefined) === (until === undefined))
    throw new AgentError('USAGE', 'alerts silence: say --for 2h or --until TIME');
  if (comment === undefined) throw new AgentError('USAGE', 'alerts silence: say why with --comment');
}

function tell<T>(
  { format }: { format: 'table' | 'json' },
  rows: readonly T[],
  table: (rows: readonly T[]) => string,
) {
  if (format === 'table') process.stdout.write(table(rows));
  else for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
  return exitCodes.done;
}

function alertTable(alerts: readonly ShownAlert[]): string {
  if (alerts.length === 0) return 'no alerts\n';
  return tableText(
    ['SINCE', 'STATUS', 'SEVERITY', 'ALERT', 'MESSAGE', 'ID'],
    alerts.map(({ createdAt, status, severity, type, message, id }) => [
      createdAt,
      status,
      severity,
      type,
      message,
      id,
    ]),
  );
}

function silenceTable(silences: readonly ShownSilence[]): string {
  if (silences.length === 0) return 'no silences\n';
  return tableText(
    ['UNTIL', 'STATUS', 'ALERTS', 'BY', 'MATCHERS', 'COMMENT', 'ID'],
    silences.map(({ endsAt, status, alerts, createdBy, matchers, comment, id }) => [
      endsAt,
      status,
      String(alerts),
      createdBy,
      matchers.join(', '),
      comment,
      id,
    ]),
  );
}

function tellTest(outcomes: readonly TestOutcome[]): number {
  for (const { integration, problem } of outcomes)
    process.stdout.write(`${integration}: ${problem === '' ? 'delivered' : problem}\n`);
  if (outcomes.length === 0) process.stdout.write('the receiver has no way out: nothing was sent\n');
  return outcomes.some(({ problem }) => problem !== '') ? exitCodes.failed : exitCodes.done;
}
