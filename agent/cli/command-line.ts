import type { CommandModule } from 'yargs';
import { AgentError } from '../errors.ts';
import { checkCommand } from './check.ts';
import type { Command } from './command.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodes, tellError } from './exit.ts';
import { exportCommand } from './export.ts';
import { onceCommand } from './once.ts';
import { runCommand } from './run.ts';
import { spoolCommand } from './spool.ts';

/** Runs one command line and gives the exit code; results go to standard output, everything else to standard error. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const { default: yargs } = await import('yargs');
  let exitCode: number = exitCodes.done;
  const register = <Args>({ handler, ...command }: Command<Args>): CommandModule => {
    const run = async (args: unknown) => {
      exitCode = await handler(args as Args);
    };
    return { ...command, handler: run } as CommandModule;
  };
  try {
    await yargs([...argv])
      .scriptName('nova-agent')
      .usage('$0 <command> [options]\n\nMonitoring sidecar for a Node.js service.')
      .command(register(runCommand))
      .command(register(onceCommand))
      .command(register(checkCommand))
      .command(register(doctorCommand))
      .command(register(exportCommand))
      .command(register(spoolCommand))
      .completion('completion', 'Print a completion script for bash or zsh')
      .example('$0 run --port 3000', 'watch the process that listens on port 3000')
      .example('$0 once', 'show what would be collected')
      .example('$0 check -c config/agent.yml', 'check a configuration')
      .demandCommand(1, 'say which command; `nova-agent --help` lists them')
      .strict()
      .recommendCommands()
      .help()
      .version(await version())
      .wrap(Math.min(110, process.stdout.columns ?? 110))
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new AgentError('USAGE', `${message}\nSee: nova-agent --help`);
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
