// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import assert from 'node:assert/strict';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../../agent/config/load.ts';
import { processTargets } from '../../../agent/sources/process/options.ts';
import { folderFor, load, on, refusal } from './support.ts';

test('without a file everything has its promised default', async (t) => {
  const { config, notices, files } = await load(t, {});
  assert.deepEqual(config, {
    agent: {
      interval: 2000,
      dataDir: '/home/op/.local/state/nova-agent',
      tags: { host: hostname() },
      measurementPrefix: '',
      budget: { cpuPercent: 2 },
      logLevel: 'info',
    },
    processes: [{ name: 'app' }],
    queues: [
      {
        name: '127.0.0.1:6379',
        redis: 'redis://127.0.0.1:6379',
        prefix: ['bull'],
        discover: ['*'],
        names: [],
      },
    ],
    intake: { hashUsers: true, slowQuery: 500, sessionIdle: 30 * 60_000 },
    redis: false,
    influx: [],
    store: { retention: { raw: 14 * day, minute: 90 * day, hour: 730 * day }, quota: 2 * 1024 ** 3 },
    http: { host: '127.0.0.1', hosts: [], origins: [], port: 7070, auth: { tokens: [] } },
  });
  assert.deepEqual(notices, []);
  assert.deepEqual(files, []);
});

const day = 86_400_000;

for (const [name, yaml] of [
  ['an empty file', ''],
  ['a file of comments', '# nothing\n'],
  ['a file that says null', 'null\n'],
  ['a file of empty sections', 'agent:\nhttp:\n  auth:\ninflux:\nstore:\n  retention:\n'],
  ['a file with a byte order mark', '\uFEFFagent: {}\n'],
] as const) {
  test(`${name} gives the defaults`, async (t) => {
    assert.deepEqual((await load(t, { yaml })).config, (await load(t, {})).config);
  });
}

test('durations become milliseconds and sizes bytes', async (t) => {
  const { config } = await load(t, { yaml: 'agent: {interval: 500ms}\nstore: {quota: 64MB}\n' });
  assert.equal(config.agent.interval, 500);
  assert.equal(config.store.quota, 64 * 1024 * 1024);
});

test('the configuration cannot be changed afterwards', async (t) => {
  const { config } = await load(t, { yaml: 'processes: [{pid: 1}]\n' });
  assert.throws(() => Object.assign(config.agent.tags, { x: 'y' }), TypeError);
  assert.throws(() => Object.assign(config.processes[0]!, { pid: 2 }), TypeError);
});

test('aliases repeat a value', async (t) => {
  const { config } = await load(t, {
    yaml: 'influx:\n  - {name: &d main, url: http://h, database: *d}\n',
  });
  assert.equal(config.influx[0]?.database, 'main');
});

test('the working folder comes before /etc and -c before both', async (t) => {
  const cwd = await folderFor(t);
  await mkdir(join(cwd, 'config'));
  await writeFile(join(cwd, 'config/agent.yml'), 'http: {port: 1}\n');
  await writeFile(join(cwd, 'other.yml'), 'http: {port: 2}\n');
  const byDefault = await loadConfig({ env: {}, overrides: {}, cwd });
  const named = await loadConfig({ path: 'other.yml', env: {}, overrides: {}, cwd });
  const byVariable = await loadConfig({ env: { NOVA_AGENT_CONFIG: 'other.yml' }, overrides: {}, cwd });
  assert.equal(on(byDefault.config.http).port, 1);
  assert.deepEqual(byDefault.files, [join(cwd, 'config/agent.yml')]);
  assert.equal(on(named.config.http).port, 2);
  assert.equal(on(byVariable.config.http).port, 2);
});

test('a named file that is missing is refused', async (t) => {
  const cwd = await folderFor(t);
  await assert.rejects(loadConfig({ path: 'no.yml', env: {}, overrides: {}, cwd }), {
    code: 'CONFIG_INVALID',
    message: 'no.yml:1:1: cannot read this file: there is no such file',
  });
});

test('a folder in place of the file is refused', async (t) => {
  const cwd = await folderFor(t);
  await assert.rejects(loadConfig({ path: '.', env: {}, overrides: {}, cwd }), {
    message: '.:1:1: cannot read this file: it is a folder',
  });
});

test('the command line wins over the environment, that over the file, that over the default', async (t) => {
  const yaml = 'agent: {dataDir: /file, interval: 3s}\nstore: {quota: 1GB}\n';
  const env = { NOVA_AGENT_AGENT_DATA_DIR: '/env', NOVA_AGENT_AGENT_INTERVAL: '4s' };
  const { config } = await load(t, { yaml, env, flags: { dataDir: '/flag' } });
  assert.equal(config.agent.dataDir, '/flag');
  assert.equal(config.agent.interval, 4000);
  assert.equal(config.store.quota, 1024 ** 3);
  assert.equal(config.agent.budget.cpuPercent, 2);
});

test('variables reach numbers, lists, tags and switches', async (t) => {
  const { config } = await load(t, {
    yaml: 'influx: [{url: http://file, database: d}]\n',
    env: {
      NOVA_AGENT_HTTP_PORT: '0',
      NOVA_AGENT_AGENT_BUDGET_CPU_PERCENT: '1.5',
      NOVA_AGENT_AGENT_TAGS_ENV: '007',
      NOVA_AGENT_QUEUES: 'false',
      NOVA_AGENT_INFLUX_0_URL: 'http://env',
      NOVA_AGENT_INFLUX_1_NAME: 'second',
      NOVA_AGENT_INFLUX_1_URL: 'http://two',
      NOVA_AGENT_INFLUX_1_DATABASE: '12',
      NOVA_AGENT_INFLUX_1_VERSION: '1',
    },
  });
  assert.equal(on(config.http).port, 0);
  assert.equal(config.agent.budget.cpuPercent, 1.5);
  assert.equal(config.agent.tags.env, '007');
  assert.equal(config.queues, false);
  assert.deepEqual(
    config.influx.map(({ name, url, database, version }) => ({ name, url, database, version })),
    [
      { name: 'influx', url: 'http://env', database: 'd', version: 'auto' },
      { name: 'second', url: 'http://two', database: '12', version: 1 },
    ],
  );
});

test('a variable switches on again what the file switches off', async (t) => {
  const { config } = await load(t, { yaml: 'http: false\n', env: { NOVA_AGENT_HTTP_PORT: '80' } });
  assert.equal(on(config.http).port, 80);
});

test('variables of the watched service and of Kubernetes are let be', async (t) => {
  const env = {
    NOVA_AGENT_INTAKE: '127.0.0.1:7071',
    NOVA_AGENT_SERVICE_HOST: '10.0.0.1',
    NOVA_AGENT_SERVICE_PORT_HTTP: '7070',
    NOVA_AGENT_PORT: 'tcp://10.0.0.1:7070',
    NOVA_AGENT_PORT_7070_TCP_ADDR: '10.0.0.1',
    NOVA_AGENT_HTTP_PORT: 'tcp://10.0.0.1:7070',
  };
  assert.equal(await refusal(t, { env }), '');
});

test('a flag that names the process replaces the list and keeps the first name', async (t) => {
  const yaml = 'processes: [{name: crm, port: 3000}, {name: b, pid: 2}]\n';
  const { config } = await load(t, { yaml, flags: { match: 'server.js' } });
  assert.deepEqual(processTargets(config.processes), [
    { name: 'crm', find: { by: 'match', text: 'server.js' } },
  ]);
});

test('a process is found in each of its ways', async (t) => {
  const yaml = `processes:
  - {name: a, pid: 1}
  - {name: b, pidFile: run/b.pid}
  - {name: c, port: 3000}
  - {name: d, match: server.js}
  - {name: e}
`;
  const { config, files } = await load(t, { yaml });
  assert.deepEqual(
    processTargets(config.processes).map(({ find }) => find),
    [
      { by: 'pid', pid: 1 },
      { by: 'pidFile', path: files[0]!.replace('agent.yml', 'run/b.pid') },
      { by: 'port', port: 3000 },
      { by: 'match', text: 'server.js' },
      { by: 'onlyNode' },
    ],
  );
});

for (const [given, host, port] of [
  ['0.0.0.0:80', '0.0.0.0', 80],
  ['[::1]:81', '::1', 81],
  [':82', '127.0.0.1', 82],
  ['83', '127.0.0.1', 83],
] as const) {
  test(`--http ${given} listens on ${host} port ${port}`, async (t) => {
    const { http } = (await load(t, { flags: { http: given } })).config;
    assert.deepEqual([on(http).host, on(http).port], [host, port]);
  });
}

test('--http false switches HTTP off', async (t) => {
  assert.equal((await load(t, { flags: { http: 'false' } })).config.http, false);
});

test('the data directory is the first folder of STATE_DIRECTORY', async (t) => {
  const { config } = await load(t, { env: { STATE_DIRECTORY: '/var/lib/nova:/var/lib/other' } });
  assert.equal(config.agent.dataDir, '/var/lib/nova');
});

test('the data directory lies in XDG_STATE_HOME where that is set', async (t) => {
  const { config } = await load(t, { env: { XDG_STATE_HOME: '/state' } });
  assert.equal(config.agent.dataDir, '/state/nova-agent');
});

test('relative paths of the file start from its folder, ~ from home, those of variables from the working folder', async (t) => {
  const cwd = await folderFor(t);
  await mkdir(join(cwd, 'etc'));
  const yaml = 'agent: {dataDir: data}\nnotify: ~/notify.yml\nhttp: {tls: {certFile: c.pem}}\n';
  await writeFile(join(cwd, 'etc/a.yml'), yaml);
  const env = { HOME: '/home/op', NOVA_AGENT_HTTP_TLS_KEY_FILE: 'k.pem' };
  const { config } = await loadConfig({ path: 'etc/a.yml', env, overrides: {}, cwd });
  assert.equal(config.agent.dataDir, join(cwd, 'etc/data'));
  assert.equal(config.notify, '/home/op/notify.yml');
  assert.deepEqual(on(config.http).tls, {
    certFile: join(cwd, 'etc/c.pem'),
    keyFile: join(cwd, 'k.pem'),
  });
});

test('REDIS_URL is read from and, being named, published to', async (t) => {
  const { config } = await load(t, { env: { REDIS_URL: 'redis://r:1' } });
  assert.equal(on(config.queues)[0]?.redis, 'redis://r:1');
  assert.equal(on(config.redis).url, 'redis://r:1');
});

test('what the file says of Redis wins over REDIS_URL', async (t) => {
  const yaml = 'queues: [{redis: "redis://q:1"}, {prefix: x}]\nredis: false\n';
  const { config } = await load(t, { yaml, env: { REDIS_URL: 'redis://r:1' } });
  assert.deepEqual(
    on(config.queues).map(({ redis }) => redis),
    ['redis://q:1', 'redis://r:1'],
  );
  assert.equal(config.redis, false);
});

test('the tag host can be chosen', async (t) => {
  const { config } = await load(t, { yaml: 'agent: {tags: {host: web-1}}\n' });
  assert.deepEqual(config.agent.tags, { host: 'web-1' });
});

test('variables are put into values, with defaults, and escaped', async (t) => {
  const yaml = 'agent: {tags: {a: "${A}-${B:-b}-${C:-c}", d: "$${A}", e: "${E}"}}\n';
  const { config } = await load(t, { yaml, env: { A: '1', C: '', E: '${A}' } });
  const { a, d, e } = config.agent.tags;
  assert.deepEqual({ a, d, e }, { a: '1-b-c', d: '${A}', e: '${A}' });
});

test('a value that is one variable may become a number or a switch, but a tag stays text', async (t) => {
  const yaml = 'agent: {tags: {n: "${N}"}}\nhttp:\n  port: ${N}\nqueues: ${OFF}\n';
  const { config } = await load(t, { yaml, env: { N: '81', OFF: 'false' } });
  assert.equal(on(config.http).port, 81);
  assert.equal(config.agent.tags.n, '81');
  assert.equal(config.queues, false);
});

test('rule files and the notification file are looked for beside the configuration', async (t) => {
  const { config, notices, files } = await load(t, { yaml: 'rules: [rules/*.yml]\nnotify: notify.yml\n' });
  const folder = dirname(files[0]!);
  assert.deepEqual(config.rules, [join(folder, 'rules/*.yml')]);
  assert.equal(config.notify, join(folder, 'notify.yml'));
  assert.deepEqual(notices, []);
});

test('tokens in clear text beyond the machine are told', async (t) => {
  const { notices } = await load(t, { yaml: 'http: {host: 0.0.0.0}\n' });
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /^agent\.yml:1:14: http\.host: 0\.0\.0\.0 can be reached from other machines/);
});

test('an intake beyond the machine is told', async (t) => {
  const { notices } = await load(t, { yaml: 'intake: {host: 0.0.0.0, port: 7071}\n' });
  assert.equal(notices.length, 1);
  assert.match(notices[0]!, /^agent\.yml:1:16: intake\.host: 0\.0\.0\.0 can be reached from other machines/);
});

const token = '0123456789abcdef';
const tokenYaml = 'http:\n  auth:\n    tokens:\n      - {name: x, role: admin, tokenFile: token}\n';

test('a secret file is read without its line break and is one of the files to watch', async (t) => {
  const { config, files, notices } = await load(t, { yaml: tokenYaml, files: { token: `${token}\r\n` } });
  assert.deepEqual(on(config.http).auth.tokens, [{ name: 'x', role: 'admin', token }]);
  assert.deepEqual(
    files.map((file) => file.split('/').at(-1)),
    ['agent.yml', 'token'],
  );
  assert.deepEqual(notices, []);
});

test('a secret file may lie behind symbolic links', async (t) => {
  const cwd = await folderFor(t);
  await mkdir(join(cwd, '..data.1'));
  await writeFile(join(cwd, '..data.1/token'), token, { mode: 0o600 });
  await symlink('..data.1', join(cwd, '..data'));
  await symlink('..data/token', join(cwd, 'token'));
  await writeFile(join(cwd, 'a.yml'), tokenYaml);
  const { config } = await loadConfig({ path: 'a.yml', env: {}, overrides: {}, cwd });
  assert.equal(on(config.http).auth.tokens[0]?.token, token);
});

test('a secret file that everybody can read is told', async (t) => {
  const cwd = await folderFor(t);
  await writeFile(join(cwd, 'token'), token);
  await chmod(join(cwd, 'token'), 0o644);
  await writeFile(join(cwd, 'a.yml'), tokenYaml);
  const { notices } = await loadConfig({ path: 'a.yml', env: {}, overrides: {}, cwd });
  assert.deepEqual(notices, [
    `a.yml:4:43: ${join(cwd, 'token')} can be read by every user (mode 0644); chmod 600 keeps it secret`,
  ]);
});

for (const [what, files, why] of [
  ['missing', {}, 'there is no such file'],
  ['empty', { token: '\n' }, 'it is empty'],
  ['too large', { token: 'x'.repeat(65_537) }, 'it has 65537 bytes; at most 65536 are taken'],
  ['a folder', { 'token/x': '' }, 'it is a folder'],
  ['not text', { token: Buffer.from([0xff, 0xfe]) }, 'it is not UTF-8 text'],
] as const) {
  test(`a secret file that is ${what} is refused`, async (t) => {
    const text = await refusal(t, { yaml: tokenYaml, files });
    assert.match(
      text,
      /^agent\.yml:4:43: http\.auth\.tokens\[0\]\.tokenFile: cannot read \/.*\/token: [^\n]*$/,
    );
    assert.ok(text.endsWith(why), text);
  });
}

test('what a secret file holds is not shown', async (t) => {
  const text = await refusal(t, { yaml: tokenYaml, files: { token: 'hunter2' } });
  assert.match(
    text,
    /expected a token of 16 to 512 visible ASCII characters.*, got the text of \/.*\/token$/,
  );
  assert.ok(!text.includes('hunter2'));
});

test('a secret and its file in one place are refused', async (t) => {
  const yaml = `http: {auth: {tokens: [{name: x, role: admin, token: ${token}, tokenFile: token}]}}\n`;
  assert.equal(
    await refusal(t, { yaml, files: { token } }),
    'agent.yml:1:83: http.auth.tokens[0].tokenFile: give token or tokenFile, not both',
  );
});

test('a secret from a variable wins over a secret file of the file, unread', async (t) => {
  const env = { NOVA_AGENT_HTTP_AUTH_TOKENS_0_TOKEN: token };
  const { config, files } = await load(t, { yaml: tokenYaml, env });
  assert.equal(on(config.http).auth.tokens[0]?.token, token);
  assert.equal(files.length, 1);
});

test('a secret file from a variable wins over a secret of the file', async (t) => {
  const yaml = 'http: {auth: {tokens: [{name: x, role: admin, token: short}]}}\n';
  const env = { NOVA_AGENT_HTTP_AUTH_TOKENS_0_TOKEN_FILE: 'token' };
  const { config } = await load(t, { yaml, env, files: { token } });
  assert.equal(on(config.http).auth.tokens[0]?.token, token);
});

test('NOVA_AGENT_INTAKE is the service’s, but false switches the agent’s intake off', async (t) => {
  const named = await load(t, { yaml: '', env: { NOVA_AGENT_INTAKE: '127.0.0.1:7071' } });
  assert.notEqual(named.config.intake, false);
  const off = await load(t, { yaml: '', env: { NOVA_AGENT_INTAKE: 'false' } });
  assert.equal(off.config.intake, false);
});

test('intake and HTTP cannot have one port', async (t) => {
  await assert.rejects(load(t, { yaml: 'intake: {port: 7070}\n' }), {
    code: 'CONFIG_INVALID',
    message: 'agent.yml:1:16: intake.port: http.port is 7070 too; choose another for one of the two',
  });
});
