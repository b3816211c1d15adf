import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, influxQuery, untilTrue } from '../test/support/servers.ts';
import type { DemoProcesses } from './demo-processes.ts';

/** Starts a Redis whose data are in `folder`; resolves with its URL when it answers. */
export async function startDemoRedis(processes: DemoProcesses, folder: string): Promise<string> {
  const port = await freePort();
  const settings = {
    port: `${port}`,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  processes.start('Redis', 'redis-server', args);
  await untilTrue(() => answersPing(port));
  return `redis://127.0.0.1:${port}`;
}

/** Starts an InfluxDB 1.x whose data are in `folder`; resolves with its URL when `database` is there. */
export async function startDemoInflux(
  processes: DemoProcesses,
  folder: string,
  database: string,
): Promise<string> {
  const [port, rpcPort] = [await freePort(), await freePort()];
  const data = join(folder, 'influx');
  await mkdir(data);
  const configFile = join(folder, 'influxdb.conf');
  await writeFile(
    configFile,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[logging]
  level = "error"
[meta]
  dir = "${data}/meta"
  logging-enabled = false
[data]
  dir = "${data}/data"
  wal-dir = "${data}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
`,
  );
  processes.start('InfluxDB', 'influxd', ['-config', configFile]);
  const url = `http://127.0.0.1:${port}`;
  await untilTrue(async () => {
    await influxQuery(url, `CREATE DATABASE ${database}`);
  });
  return url;
}

function answersPing(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      data.toString().startsWith('+PONG') ? resolve() : reject(new Error(`Redis: ${data}`));
    });
  });
}
