import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TallyReport } from '../../scripts/demo-crm/tally.ts';
import { startRedis, type TestServer, untilTrue } from '../support/servers.ts';

/** The demo CRM as a process, with a Redis of its own; it loads nothing of the agent. */
export class RunningCrm {
  readonly redis: TestServer;
  readonly process: ChildProcess;
  url = '';
  /** What it said on standard error. */
  errors = '';

  private constructor(redis: TestServer, args: readonly string[]) {
    this.redis = redis;
    const crm = ['scripts/demo-crm/main.ts', '--plain', '--redis', redis.url, '--data', redis.folder];
    this.process = spawn(process.execPath, ['--import', 'tsx', ...crm, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout!.on('data', (data) => {
      this.url = /listening on (\S+)/.exec(`${data}`)?.[1] ?? this.url;
    });
    this.process.stderr!.on('data', (data) => {
      this.errors += data;
    });
  }

  static async start(args: readonly string[]): Promise<RunningCrm> {
    const crm = new RunningCrm(await startRedis(), args);
    await untilTrue(() => assert.match(crm.url, /^http/, crm.errors));
    return crm;
  }

  /** Status and JSON of an answer; `user` signs in. */
  async ask(
    method: string,
    path: string,
    { user, body }: { user?: number; body?: unknown } = {},
  ): Promise<{ status: number; json: unknown }> {
    const answer = await fetch(this.url + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(user === undefined ? {} : { authorization: `Bearer user-${user}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: await answer.json() };
  }

  async tally(): Promise<TallyReport> {
    return (await this.ask('GET', '/api/demo/stats')).json as TallyReport;
  }

  /** Asks it to end; resolves with its exit code. */
  async end(): Promise<number | null> {
    this.process.kill('SIGTERM');
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
    return this.process.exitCode;
  }

  async remove(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.redis.remove();
  }
}
