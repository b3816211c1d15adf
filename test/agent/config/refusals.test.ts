// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Given, refusal } from './support.ts';

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
  .split('')
  .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
  .join('\n')}\n`;

/** What is given, and every line of the answer, to the letter. */
const cases: readonly (Given & { readonly name: string; readonly says: readonly string[] })[] = [
  {
    name: 'an unknown key is refused with the nearest right one',
    yaml: 'agent:\n  intervall: 2s\n',
    says: [
      'agent.yml:2:3: agent.intervall: unknown key; did you mean "interval"? (allowed: interval, dataDir, tags, measurementPrefix, budget, logLevel)',
    ],
  },
  {
    name: 'a key in another spelling style is recognised',
    yaml: 'agent:\n  data_dir: /x\n',
    says: [
      'agent.yml:2:3: agent.data_dir: unknown key; did you mean "dataDir"? (allowed: interval, dataDir, tags, measurementPrefix, budget, logLevel)',
    ],
  },
  {
    name: 'a key at the wrong level is told where it belongs',
    yaml: 'interval: 2s\n',
    says: [
      'agent.yml:1:1: interval: unknown key; did you mean "agent.interval"? (allowed: agent, processes, queues, intake, redis, influx, store, http, rules, notify)',
    ],
  },
  {
    name: 'an unknown key in a list entry has its own place',
    yaml: 'influx:\n  - url: http://h:1\n    database: d\n    databse: e\n',
    says: [
      'agent.yml:4:5: influx[0].databse: unknown key; did you mean "database"? (allowed: name, url, version, database, retentionPolicy, bucket, org, token, tokenFile, user, password, passwordFile, flushInterval, maxPointsPerSecond)',
    ],
  },
  {
    name: 'a key written twice is refused at its second place',
    yaml: 'agent:\n  interval: 2s\n  interval: 3s\n',
    says: ['agent.yml:3:3: agent.interval: written a second time; first at agent.yml:2:3'],
  },
  {
    name: 'the key __proto__ is an unknown key like any other',
    yaml: 'agent: {__proto__: {interval: 1s}}\n',
    says: ['agent.yml:1:9: agent.__proto__: unknown key'],
  },
  {
    name: 'a duration with a wrong unit gets the right one proposed',
    yaml: 'agent:\n  interval: 2sec\n',
    says: [
      'agent.yml:2:13: agent.interval: expected a duration with its unit, such as 500ms, 2s or 5m, from 250ms to 1m, got "2sec"; did you mean "2s"?',
    ],
  },
  {
    name: 'a duration without a unit gets one proposed',
    yaml: 'agent: {interval: 5}\n',
    says: [
      'agent.yml:1:19: agent.interval: expected a duration with its unit, such as 500ms, 2s or 5m, from 250ms to 1m, got 5; did you mean "5s"?',
    ],
  },
  {
    name: 'a duration out of range is told the range and no proposal',
    yaml: 'agent: {interval: 2h}\n',
    says: [
      'agent.yml:1:19: agent.interval: expected a duration with its unit, such as 500ms, 2s or 5m, from 250ms to 1m, got "2h"',
    ],
  },
  {
    name: 'a size in small letters gets the right unit proposed',
    yaml: 'store: {quota: 20mb}\n',
    says: [
      'agent.yml:1:16: store.quota: expected a size with its unit, such as 64MB or 2GB, from 16MB to 16TB, got "20mb"; did you mean "20MB"?',
    ],
  },
  {
    name: 'a number in quotes is shown without them',
    yaml: 'http: {port: "7071"}\n',
    says: [
      'agent.yml:1:14: http.port: expected a whole number from 0 to 65535, got "7071"; did you mean 7071?',
    ],
  },
  {
    name: 'a number out of range is told the range',
    yaml: 'http: {port: 70000}\n',
    says: ['agent.yml:1:14: http.port: expected a whole number from 0 to 65535, got 70000'],
  },
  {
    name: 'a secret that was read as a number is not shown, nor anything made of it',
    yaml: 'http: {auth: {tokens: [{name: a, role: admin, token: 12345678901234567890}], jwt: {secret: 98765432109876543210987654321098}}}\ninflux: [{url: "http://h:1", version: 2, bucket: b, token: 987654321}]\n',
    says: [
      'agent.yml:1:54: http.auth.tokens[0].token: expected text: put it in quotes',
      'agent.yml:1:92: http.auth.jwt.secret: expected text of at least 32 characters: put it in quotes',
      'agent.yml:2:60: influx[0].token: expected text, not empty: put it in quotes',
    ],
  },
  {
    name: 'a word where the map around a secret belongs is not shown',
    yaml: 'http: {auth: {tokens: [abcdefghijklmnopqrst]}}\n',
    says: ['agent.yml:1:24: http.auth.tokens[0]: expected a map of keys and values'],
  },
  {
    name: 'a number where text belongs is proposed as it is written, not as it is read',
    yaml: 'agent: {tags: {build: 12345678901234567890, zone: 007, version: 1.10}}\n',
    says: [
      'agent.yml:1:23: agent.tags.build: expected text, got 12345678901234567890; did you mean "12345678901234567890"?',
      'agent.yml:1:51: agent.tags.zone: expected text, got 007; did you mean "007"?',
      'agent.yml:1:65: agent.tags.version: expected text, got 1.10; did you mean "1.10"?',
    ],
  },
  {
    name: 'a tag that is a number must be quoted',
    yaml: 'agent: {tags: {zone: 3}}\n',
    says: ['agent.yml:1:22: agent.tags.zone: expected text, got 3; did you mean "3"?'],
  },
  {
    name: 'tags that measurements use themselves are refused',
    yaml: 'agent: {tags: {process: x}}\n',
    says: [
      'agent.yml:1:16: agent.tags.process: this tag name is reserved: the agent or its readers use it themselves',
    ],
  },
  {
    name: 'a misspelt choice gets the nearest one',
    yaml: 'http: {auth: {tokens: [{name: x, role: amdin, token: 0123456789abcdef}]}}\n',
    says: [
      'agent.yml:1:40: http.auth.tokens[0].role: expected one of admin, viewer, got "amdin"; did you mean "admin"?',
    ],
  },
  {
    name: 'a YAML 1.1 boolean is told the YAML 1.2 one',
    yaml: 'http: off\n',
    says: [
      'agent.yml:1:7: http: expected a map of keys and values, or false, got "off"; did you mean false?',
    ],
  },
  {
    name: 'a map in place of a list is refused',
    yaml: 'processes: {name: x}\n',
    says: ['agent.yml:1:12: processes: expected a list of at most 256 entries, got a map'],
  },
  {
    name: 'text in place of a section is refused',
    yaml: 'store: 2GB\n',
    says: ['agent.yml:1:8: store: expected a map of keys and values, got "2GB"'],
  },
  {
    name: 'a value left empty is refused behind its key',
    yaml: 'agent:\n  interval:\n',
    says: [
      'agent.yml:2:12: agent.interval: expected a duration with its unit, such as 500ms, 2s or 5m, from 250ms to 1m, got nothing',
    ],
  },
  {
    name: 'a missing key is told at the entry that lacks it',
    yaml: 'influx:\n  - database: d\n',
    says: ['agent.yml:2:5: influx[0].url: this key is required: expected text'],
  },
  {
    name: 'a missing secret is told with its file key',
    yaml: 'http:\n  auth:\n    tokens:\n      - {name: x, role: viewer}\n',
    says: ['agent.yml:4:9: http.auth.tokens[0].token: token or tokenFile is required'],
  },
  {
    name: 'a secret that is too short is not shown',
    yaml: 'http: {auth: {tokens: [{name: x, role: viewer, token: hunter2}]}}\n',
    says: [
      'agent.yml:1:55: http.auth.tokens[0].token: expected a token of 16 to 512 visible ASCII characters, without spaces',
    ],
  },
  {
    name: 'a URL of another scheme is refused',
    yaml: 'influx: [{url: "ftp://h", database: d}]\n',
    says: [
      'agent.yml:1:16: influx[0].url: expected a URL such as http://127.0.0.1:8086 or https://influx.example.org, got "ftp://h"',
    ],
  },
  {
    name: 'a bad URL is not shown: it may hold a password',
    yaml: 'redis: {url: "http://op:hunter2@h/"}\n',
    says: [
      'agent.yml:1:14: redis.url: expected a URL such as redis://127.0.0.1:6379 or rediss://user:password@redis.example.org:6379',
    ],
  },
  {
    name: 'a process is found in one way only',
    yaml: 'processes:\n  - pid: 1\n    port: 3000\n',
    says: [
      'agent.yml:3:11: processes[0].port: give one of pid, pidFile, port and match, not both pid and port',
    ],
  },
  {
    name: 'two processes of one name are refused',
    yaml: 'processes: [{name: a, pid: 1}, {name: a, pid: 2}]\n',
    says: ['agent.yml:1:39: processes[1].name: another process has the name "a"; give each its own'],
  },
  {
    name: 'of several processes at most one may be left to be found',
    yaml: 'processes: [{name: a}, {name: b}]\n',
    says: ['agent.yml:1:24: processes[1]: say how to find this process: one of pid, pidFile, port and match'],
  },
  {
    name: 'a resolution is not kept longer than a coarser one',
    yaml: 'store: {retention: {raw: 100d}}\n',
    says: ['agent.yml:1:26: store.retention.raw: raw must not be kept longer than minute'],
  },
  {
    name: 'all problems are told at once in the order of the file',
    yaml: 'agent: {interval: 1}\nhttp: {port: x}\nstor: {}\n',
    says: [
      'agent.yml:1:19: agent.interval: expected a duration with its unit, such as 500ms, 2s or 5m, from 250ms to 1m, got 1; did you mean "1s"?',
      'agent.yml:2:14: http.port: expected a whole number from 0 to 65535, got "x"',
      'agent.yml:3:1: stor: unknown key; did you mean "store"? (allowed: agent, processes, queues, intake, redis, influx, store, http, rules, notify)',
    ],
  },
  {
    name: 'a variable that is not set is refused',
    yaml: 'notify: ${NOTIFY}/x.yml\n',
    says: ['agent.yml:1:9: notify: the variable NOTIFY is not set; ${NOTIFY:-default} would do without'],
  },
  {
    name: 'a malformed reference is refused',
    yaml: 'notify: "${a b}"\n',
    says: [
      'agent.yml:1:9: notify: expected ${NAME} or ${NAME:-default}, got ${a b}; write $${ for a plain ${',
    ],
  },
  {
    name: 'what a variable holds is not shown',
    yaml: 'http: {auth: {tokens: [{name: x, role: "${ROLE}", token: "${TOKEN}"}]}}\n',
    env: { ROLE: 'hunter1', TOKEN: 'hunter2' },
    says: [
      'agent.yml:1:40: http.auth.tokens[0].role: expected one of admin, viewer, got ${ROLE}',
      'agent.yml:1:58: http.auth.tokens[0].token: expected a token of 16 to 512 visible ASCII characters, without spaces, got ${TOKEN}',
    ],
  },
  {
    name: 'a problem of the environment is named by its variable',
    env: { NOVA_AGENT_AGENT_INTERVAL: '2sec' },
    says: [
      'NOVA_AGENT_AGENT_INTERVAL: agent.interval: expected a duration with its unit, such as 500ms, 2s or 5m, from 250ms to 1m, got "2sec"; did you mean "2s"?',
    ],
  },
  {
    name: 'an unknown variable is refused with the nearest right one',
    env: { NOVA_AGENT_INFLUX_3_DATABSE: 'x' },
    says: [
      'NOVA_AGENT_INFLUX_3_DATABSE: no option has this variable; did you mean NOVA_AGENT_INFLUX_3_DATABASE?',
    ],
  },
  {
    name: 'a gap between list entries in the environment is refused',
    env: { NOVA_AGENT_INFLUX_1_URL: 'http://h' },
    says: [
      'NOVA_AGENT_INFLUX_1_URL: influx[1].url: there is no entry 0 before this one; entries count from 0 without gaps',
    ],
  },
  {
    name: 'a bad REDIS_URL is named and not shown',
    env: { REDIS_URL: 'http://:hunter2@h' },
    says: [
      'REDIS_URL: queues[0].redis: expected redis://[user:password@]host[:port][/db] or rediss:// for TLS',
      'REDIS_URL: redis.url: expected a URL such as redis://127.0.0.1:6379 or rediss://user:password@redis.example.org:6379',
    ],
  },
  {
    name: 'a problem of the command line is named by its flag',
    flags: { http: 'nowhere', pid: 0 },
    says: [
      '--pid: processes[0].pid: expected a whole number from 1 to 4194304, got 0',
      '--http: expected HOST:PORT, such as 127.0.0.1:7070 or [::1]:7070, or false, got "nowhere"',
    ],
  },
  {
    name: 'flags that exclude each other are refused',
    flags: { pid: 1, match: 'x' },
    says: ['--match: --pid and --match exclude each other; give one'],
  },
  {
    name: 'a merge key is refused',
    yaml: 'store: &s {quota: 1GB}\nhttp: {<<: *s}\n',
    says: ['agent.yml:2:8: http.<<: merge keys are not part of YAML 1.2; write the keys out'],
  },
  {
    name: 'an alias without its anchor is refused',
    yaml: 'notify: *nowhere\n',
    says: [
      'agent.yml:1:9: notify: there is no such anchor before this alias; put text that begins with * in quotes',
    ],
  },
  {
    name: 'aliases that repeat too much are refused',
    yaml: bomb,
    says: ['agent.yml:5:11: more than 20000 values (aliases written out)'],
  },
  {
    name: 'an alias to itself is refused',
    yaml: 'rules: &r [*r]\n',
    says: ['agent.yml:1:12: more than 32 levels (aliases written out)'],
  },
  {
    name: 'deep nesting is refused before it costs anything',
    yaml: `rules: ${'['.repeat(100_000)}`,
    says: ['agent.yml:1:40: nested more than 32 levels deep'],
  },
  {
    name: 'a text that would keep the parser busy for long is refused',
    yaml: '&a '.repeat(80_000),
    says: ['agent.yml:1:150000: more than 100000 words and signs'],
  },
  {
    name: 'an unknown tag is refused and nothing is made of it',
    yaml: 'notify: !!js/function "function () {}"\n',
    says: [
      'agent.yml:1:9: unknown tag; values are plain text, numbers, lists and maps: put text that begins with ! in quotes',
    ],
  },
  {
    name: 'a tab as indentation is refused',
    yaml: 'agent:\n\tinterval: 2s\n',
    says: ['agent.yml:2:1: Tabs are not allowed as indentation'],
  },
  {
    name: 'a quote that is not closed is refused',
    yaml: 'notify: "x\n',
    says: ['agent.yml:2:1: Missing closing "quote'],
  },
  {
    name: 'a second document is refused',
    yaml: 'http: {port: 1}\n---\nhttp: {port: 2}\n',
    says: ['agent.yml:3:1: expected one document; a second one begins'],
  },
  {
    name: 'YAML 1.1 by directive is refused',
    yaml: '%YAML 1.1\n---\nhttp: {port: 1}\n',
    says: ['agent.yml:1:1: expected YAML 1.2, got a %YAML 1.1 directive'],
  },
  {
    name: 'a list in place of the whole is refused',
    yaml: '- a\n',
    says: ['agent.yml:1:1: expected a map of keys and values, got a list of length 1'],
  },
  {
    name: 'a word in place of the whole is refused',
    yaml: 'hello\n',
    says: ['agent.yml:1:1: expected a map of keys and values'],
  },
  {
    name: 'a map as a key is refused',
    yaml: 'agent: {? {a: 1} : 2}\n',
    says: ['agent.yml:1:11: agent.?: expected a plain word as the key'],
  },
  {
    name: 'text that is not UTF-8 is refused at its first wrong byte',
    yaml: Buffer.from('agent:\n  dataDir: \xe9t\xe9\n', 'latin1'),
    says: ['agent.yml:2:12: the file is not UTF-8 text'],
  },
  {
    name: 'a file that is too large is refused unread',
    yaml: `#${'x'.repeat(10_000_000)}\n`,
    says: ['agent.yml:1:1: cannot read this file: it has 10000002 bytes; at most 262144 are taken'],
  },
];

for (const { name, says, ...given } of cases) {
  test(name, async (t) => assert.deepEqual((await refusal(t, given)).split('\n'), says));
}

test('many problems are cut to fifty', async (t) => {
  const yaml = Array.from({ length: 70 }, (_, i) => `k${i}: 1`).join('\n');
  const lines = (await refusal(t, { yaml })).split('\n');
  assert.equal(lines.length, 51);
  assert.equal(lines.at(-1), '… and 20 more');
});
