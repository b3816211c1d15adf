import type { Argv, CommandModule } from 'yargs';
import { alertsCommand } from './alerts.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodes, tellError } from './exit.ts';
import { exportCommand } from './export.ts';
import { loginCommand } from './login.ts';
import { onceCommand } from './once.ts';
import { queryCommand } from './query.ts';
import { rulesCommand } from './rules.ts';
import { runCommand } from './run.ts';
import { spoolCommand } from './spool.ts';
import { refuseRepeated, wrongUse } from './wrong-use.ts';

/** What yargs knows of the options in hand; its types do not tell of it. */
interface DeclaredOptions {
  getOptions(): { readonly key: Readonly<Record<string, unknown>>; readonly array: readonly string[] };
}

/** Runs one command line and gives the exit code; results go to standard output, everything else to standard error. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const { default: yargs } = await import('yargs');
  let exitCode: number = exitCodes.done;
  const commands = ['completion'];
  let declared: DeclaredOptions | undefined;
  // A reader of the output that has enough, such as `head`, ends the command, quietly.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCode : tellError(error)),
  );
  const register = <Args>({ handler, builder, ...command }: Command<Args>): CommandModule => {
    commands.push(command.command.split(' ')[0]!);
    const build = (options: Argv): Argv => {
      declared = options as unknown as DeclaredOptions;
      builder(options);
      return options;
    };
    const run = async (args: object) => {
      refuseRepeated(args, declared?.getOptions().array ?? []);
      exitCode = await handler(args as Args);
    };
    return { ...command, builder: build, handler: run };
  };
  try {
    await yargs([...argv])
      .scriptName('nova-agent')
      // Messages are read again below.
      .locale('en')
      .parserConfiguration({ 'boolean-negation': false })
      .usage('$0 <command> [options]\n\nMonitoring sidecar for a Node.js service.')
      .command(register(runCommand))
      .command(register(onceCommand))
      .command(register(checkCommand))
      .command(register(doctorCommand))
      .command(register(queryCommand))
      .command(register(exportCommand))
      .command(register(alertsCommand))
      .command(register(rulesCommand))
      .command(register(spoolCommand))
      .command(register(loginCommand))
      .completion('completion', 'Print a completion script for bash or zsh')
      .example('$0 run --port 3000', 'watch the process that listens on port 3000')
      .example('$0 once', 'show what would be collected')
      .example('$0 check -c config/agent.yml', 'check a configuration')
      .epilogue('Exit codes: 0 done; 1 failed while running; 2 wrong use or invalid configuration.')
      .demandCommand(1, 'say which command')
      .strict()
      .help()
      .version(await version())
      .wrap(Math.min(110, process.stdout.columns ?? 110))
      .exitProcess(false)
      .fail((message, error) => {
        if (error && error.name !== 'YError') throw error;
        const options = Object.keys(declared?.getOptions().key ?? {}).filter((name) => name.length > 1);
        throw wrongUse(message ?? error.message, argv, { commands, options });
      })
      .parseAsync();
    return exitCode;
  } catch (error) {
    return tellError(error);
  }
}

/** The version in package.json, which lies one folder further up from dist/. */
async function version(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const places = [
    new URL('../../package.json', import.meta.url),
    new URL('../../../package.json', import.meta.url),
  ];
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => '');
    if (text !== '') return (JSON.parse(text) as { version: string }).version;
  }
  return 'unknown';
}
