import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'node:test';
import type { ProcessFinder } from '../../../workers/contract/tasks.ts';
import { KernelText } from '../../../workers/probes/kernel-file.ts';
import { findProcess } from '../../../workers/probes/process-finder.ts';
import { ProcessTable } from '../../../workers/probes/process-table.ts';
import { ProcFolder } from './proc-folder.ts';

let folder: ProcFolder;
beforeEach(() => {
  folder = new ProcFolder();
  folder.process(1, { parentPid: 0, name: 'init', commandLine: ['/sbin/init'], executable: '/sbin/init' });
});
afterEach(() => folder.end());

function find(finder: ProcessFinder) {
  return findProcess(finder, () => new ProcessTable(folder.procRoot, new KernelText()));
}

function node(pid: number, parentPid: number, ...commandLine: string[]): void {
  folder.process(pid, { parentPid, commandLine, executable: '/usr/bin/node' });
}

const tcpHeader =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const listening = (address: string, state: string, inode: number) =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0\n`;

test('a pid file holds a number with white space around it', () => {
  folder.write('crm.pid', ' 4711\n');
  const writtenMs = statSync(`${folder.folder}/crm.pid`).mtimeMs;
  assert.deepEqual(find({ by: 'pidFile', path: `${folder.folder}/crm.pid` }), { pid: 4711, writtenMs });
});

for (const text of ['', 'none', '0', '-5', '47 11', '1e3']) {
  test(`a pid file that holds ${JSON.stringify(text)} is refused`, () => {
    folder.write('crm.pid', text);
    const found = find({ by: 'pidFile', path: `${folder.folder}/crm.pid` });
    assert.match('problem' in found ? found.problem : '', /does not hold a process id/);
  });
}

test('a pid file that is not there is named with the reason', () => {
  const found = find({ by: 'pidFile', path: `${folder.folder}/crm.pid` });
  assert.match('problem' in found ? found.problem : '', /crm\.pid cannot be read: ENOENT/);
});

test('a pid file that is a pipe is not waited for', () => {
  const path = `${folder.folder}/pipe.pid`;
  execFileSync('mkfifo', [path]);
  const found = find({ by: 'pidFile', path });
  assert.match('problem' in found ? found.problem : '', /does not hold a process id/);
});

test('a port is looked up over IPv4 and IPv6, among listening sockets only', () => {
  folder.write(
    'proc/net/tcp',
    tcpHeader + listening('0100007F:1F90', '01', 51) + listening('0100007F:0050', '0A', 52),
  );
  folder.write('proc/net/tcp6', tcpHeader + listening('00000000000000000000000000000000:1F90', '0A', 53));
  folder.process(200, { sockets: [51] });
  folder.process(201, { sockets: [50, 53] });
  folder.process(202, { sockets: [52] });
  assert.deepEqual(find({ by: 'port', port: 8080 }), { pid: 201 });
  assert.deepEqual(find({ by: 'port', port: 80 }), { pid: 202 });
});

test('of a cluster that shares a listening socket, the port leads to the parent', () => {
  folder.write('proc/net/tcp', tcpHeader + listening('00000000:1F90', '0A', 7));
  folder.process(300, { parentPid: 200, sockets: [7] });
  folder.process(200, { parentPid: 1, sockets: [7] });
  folder.process(400, { parentPid: 300, sockets: [7] });
  assert.deepEqual(find({ by: 'port', port: 8080 }), { pid: 200 });
});

test('a port that nothing listens on, and one whose process is hidden, are told apart', () => {
  folder.write('proc/net/tcp', tcpHeader + listening('00000000:1F90', '0A', 7));
  const none = find({ by: 'port', port: 9 });
  const hidden = find({ by: 'port', port: 8080 });
  assert.match('problem' in none ? none.problem : '', /nothing listens on TCP port 9/);
  assert.match('problem' in hidden ? hidden.problem : '', /cannot be seen/);
});

test('a match takes the top of one family', () => {
  node(200, 1, 'sh', '-c', 'node server.js');
  node(201, 200, 'node', 'server.js');
  assert.deepEqual(find({ by: 'match', text: 'server.js' }), { pid: 200 });
});

test('a match of unrelated processes finds none and lists them without their arguments', () => {
  node(200, 1, 'node', '/srv/server.js', '--password=hunter2');
  node(201, 1, 'node', '/old/server.js');
  const found = find({ by: 'match', text: 'server.js' });
  assert.deepEqual(found, {
    problem:
      'several processes have "server.js" on their command line: 200 (server.js), 201 (server.js); configure a longer match, or pid, pidFile or port',
  });
});

test('a match is never ourselves, what we started, or what started us with the same text', () => {
  node(90, 1, 'sh', '-c', 'nova-agent run --match server.js');
  node(100, 90, 'node', '/opt/agent/main.js', 'run', '--match', 'server.js');
  node(101, 100, 'node', 'server.js');
  assert.ok('problem' in find({ by: 'match', text: 'server.js' }));
  node(200, 1, 'node', 'server.js');
  assert.deepEqual(find({ by: 'match', text: 'server.js' }), { pid: 200 });
});

test('a match may be what started us', () => {
  node(90, 1, 'node', 'server.js');
  node(100, 90, 'node', '/opt/agent/main.js', 'run');
  assert.deepEqual(find({ by: 'match', text: 'server.js' }), { pid: 90 });
});

test('a zombie is not found', () => {
  folder.process(200, { parentPid: 1, state: 'Z', commandLine: ['node', 'server.js'] });
  assert.ok('problem' in find({ by: 'match', text: 'server.js' }));
});

test('the only Node process is found beside other programs', () => {
  folder.process(150, { commandLine: ['redis-server'], executable: '/usr/bin/redis-server' });
  node(200, 1, 'node', 'server.js');
  assert.deepEqual(find({ by: 'onlyNode' }), { pid: 200 });
});

test('of what npm and tsx start, the real process counts', () => {
  node(200, 1, 'npm run dev');
  folder.process(201, {
    parentPid: 200,
    commandLine: ['sh', '-c', 'tsx server.ts'],
    executable: '/bin/dash',
  });
  node(202, 201, 'node', '/app/node_modules/.bin/tsx', 'server.ts');
  node(203, 202, 'node', '--import', 'file:///app/node_modules/tsx/dist/loader.mjs', 'server.ts');
  assert.deepEqual(find({ by: 'onlyNode' }), { pid: 203 });
});

test('a cluster is one process with its children', () => {
  node(200, 1, 'node', 'server.js');
  node(201, 200, 'node', 'server.js');
  node(202, 200, 'node', 'server.js');
  assert.deepEqual(find({ by: 'onlyNode' }), { pid: 200 });
});

test('another agent is not the Node process looked for', () => {
  node(200, 1, 'node', 'server.js');
  node(300, 1, 'node', '/opt/agent/main.js', 'run');
  node(301, 1, 'node', '/usr/bin/nova-agent', 'doctor');
  assert.deepEqual(find({ by: 'onlyNode' }), { pid: 200 });
});

test('a supervisor that started both us and the service is left out', () => {
  node(90, 1, 'node', 'supervisor.js');
  node(100, 90, 'node', '/opt/agent/main.js');
  node(200, 90, 'node', 'server.js');
  assert.deepEqual(find({ by: 'onlyNode' }), { pid: 200 });
});

test('several Node processes are listed with the way out', () => {
  node(200, 1, 'node', '/srv/server.js');
  node(201, 1, 'node', '/srv/worker.js');
  assert.deepEqual(find({ by: 'onlyNode' }), {
    problem:
      'several Node processes run: 200 (server.js), 201 (worker.js); configure one of pid, pidFile, port and match',
  });
});

test('no Node process at all is said so', () => {
  assert.deepEqual(find({ by: 'onlyNode' }), { problem: 'no Node process runs beside us' });
});
