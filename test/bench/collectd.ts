import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../support/servers.ts';

/** collectd with cpu, memory, processes and network every 2 s, its data in `folder`. */
export async function startCollectd(folder: string): Promise<ChildProcess> {
  await mkdir(join(folder, 'data'), { recursive: true });
  const config = join(folder, 'collectd.conf');
  await writeFile(
    config,
    `BaseDir "${folder}/data"
PIDFile "${folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval 2
LoadPlugin cpu
LoadPlugin memory
LoadPlugin processes
LoadPlugin network
<Plugin network>
  Server "127.0.0.1" "${await freePort()}"
</Plugin>
<Plugin processes>
  Process "node"
</Plugin>
`,
  );
  const child = spawn('collectd', ['-f', '-C', config], { stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', () => reject(new Error('collectd is not there: apt-get install collectd-core')));
  });
  return child;
}
