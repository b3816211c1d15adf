import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ProcessFinder } from '../contract/tasks.ts';
import { codeOf } from './kernel-file.ts';
import { listeningInodes } from './listening-sockets.ts';
import { isLauncher, isNode, parseNodeCommand } from './node-command.ts';
import type { ProcessTable } from './process-table.ts';

/**
 * A pid that is not yet known to run, or why there is none. `writtenMs` is when the pid file that names it was
 * written, milliseconds since 1970.
 */
export type Found = { readonly pid: number; readonly writtenMs?: number } | { readonly problem: string };

/** True for the ways that look through every process: those are tried less often. */
export function needsTable(find: ProcessFinder): boolean {
  return find.by !== 'pid' && find.by !== 'pidFile';
}

/** Looks for a process. `table` is asked for only by the ways that look through every process. */
export function findProcess(find: ProcessFinder, table: () => ProcessTable): Found {
  switch (find.by) {
    case 'pid':
      return { pid: find.pid };
    case 'pidFile':
      return readPidFile(find.path);
    case 'port':
      return findByPort(find.port, table());
    case 'match':
      return findByMatch(find.text, table());
    case 'onlyNode':
      return findOnlyNode(table());
  }
}

/** The pid that a pid file holds: a number, perhaps with white space around it. */
export function readPidFile(path: string): Found {
  let text: string;
  let writtenMs: number;
  try {
    // A pipe that nobody writes to would hold us up without O_NONBLOCK.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      writtenMs = fstatSync(fd).mtimeMs;
      text = readFileSync(fd, 'utf8').trim();
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return { problem: `the pid file ${path} cannot be read: ${codeOf(error)}` };
  }
  const pid = Number(text);
  if (/^[0-9]+$/.test(text) && pid > 0) return { pid, writtenMs };
  return { problem: `the pid file ${path} does not hold a process id` };
}

function findByPort(port: number, table: ProcessTable): Found {
  const inodes = listeningInodes(table.procRoot, port);
  if (inodes.size === 0) return { problem: `nothing listens on TCP port ${port} in our network namespace` };
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const owners = [...table.pids()].filter((pid) => holdsOneOf(join(table.procRoot, `${pid}`, 'fd'), links));
  return theOne(owners, table, {
    none: `the process that listens on TCP port ${port} cannot be seen: run as its user or with CAP_SYS_PTRACE`,
    several: `several processes listen on TCP port ${port}`,
    hint: 'configure pid or pidFile',
  });
}

function holdsOneOf(folder: string, links: ReadonlySet<string>): boolean {
  try {
    return readdirSync(folder).some((fd) => {
      try {
        return links.has(readlinkSync(join(folder, fd)));
      } catch {
        return false; // closed since it was listed
      }
    });
  } catch {
    return false; // gone, or not ours to see
  }
}

/**
 * Never ourselves, nor what started us with `--match TEXT` on its own command line, nor what we started.
 */
function findByMatch(text: string, table: ProcessTable): Found {
  const ownPid = table.ownPid();
  const ours = new Set([ownPid, ...table.descendants(ownPid)]);
  const above = new Set(table.ancestors(ownPid));
  const matching = [...table.pids()].filter((pid) => {
    if (ours.has(pid)) return false;
    const line = table.commandLine(pid).join(' ');
    return line.includes(text) && !(above.has(pid) && line.includes('--match'));
  });
  return theOne(matching, table, {
    none: `no process has ${JSON.stringify(text)} on its command line`,
    several: `several processes have ${JSON.stringify(text)} on their command line`,
    hint: 'configure a longer match, or pid, pidFile or port',
  });
}

/** Never ourselves, another agent, a launcher or what we started; what started us only if there is no other. */
function findOnlyNode(table: ProcessTable): Found {
  const ownPid = table.ownPid();
  const ownScript = parseNodeCommand(table.commandLine(ownPid)).script;
  const ours = new Set([ownPid, ...table.descendants(ownPid)]);
  const candidates = [...table.pids()].filter((pid) => {
    if (ours.has(pid)) return false;
    const line = table.commandLine(pid);
    if (line.length === 0 || !isNode(table.executable(pid), line) || isLauncher(line)) return false;
    const { script } = parseNodeCommand(line);
    return script === '' || (script !== ownScript && basename(script) !== 'nova-agent');
  });
  const above = new Set(table.ancestors(ownPid));
  const beside = candidates.filter((pid) => !above.has(pid));
  return theOne(beside.length > 0 ? beside : candidates, table, {
    none: 'no Node process runs beside us',
    several: 'several Node processes run',
    hint: 'configure one of pid, pidFile, port and match',
  });
}

/** The one of `pids` that all the others descend from. */
function theOne(
  pids: readonly number[],
  table: ProcessTable,
  words: { readonly none: string; readonly several: string; readonly hint: string },
): Found {
  const all = new Set(pids);
  const tops = pids.filter((pid) => !table.ancestors(pid).some((ancestor) => all.has(ancestor)));
  const [top] = tops;
  if (top === undefined) return { problem: words.none };
  if (tops.length === 1) return { pid: top };
  const shown = tops.slice(0, 8).map((pid) => `${pid} (${label(table.commandLine(pid))})`);
  if (tops.length > shown.length) shown.push(`${tops.length - shown.length} more`);
  return { problem: `${words.several}: ${shown.join(', ')}; ${words.hint}` };
}

/** The script's name only: the rest of a command line may hold secrets. */
function label(commandLine: readonly string[]): string {
  const { script } = parseNodeCommand(commandLine);
  return basename(script || (commandLine[0] ?? '').split(' ')[0]!);
}
