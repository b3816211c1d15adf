import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, serve, type TestServer, temporaryFolder } from './servers.ts';

/** A receiver that does nothing, for those that only look at what is there. */
const quiet = 'route: {receiver: none}\nreceivers: [{name: none}]\n';

/** A real prometheus-alertmanager with this configuration, alone in its cluster. */
export async function startAlertmanager(config = quiet): Promise<TestServer> {
  const folder = await temporaryFolder('nova-alertmanager-');
  const port = await freePort();
  const file = join(folder, 'alertmanager.yml');
  await writeFile(file, config);
  const url = `http://127.0.0.1:${port}`;
  const args = [
    ...[`--config.file=${file}`, `--storage.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`],
    ...['--cluster.listen-address=', '--log.level=error'],
  ];
  return serve('prometheus-alertmanager', args, port, folder, url, async () => {
    const answer = await fetch(`${url}/-/ready`);
    if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  });
}
