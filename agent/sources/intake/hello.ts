import { type Hello, wireVersion } from '../../../workers/contract/wire.ts';

/** Bytes of the JSON of a hello at most, its padding included. */
export const mostHelloBytes = 4096;

const mostPid = 2 ** 32;
const mostNameLetters = 64;

/**
 * Reads the first frame's body; what is wrong with it in words when it cannot be taken. Of the JSON only the known
 * keys are looked at; `name` comes back fit for a tag and a log line.
 */
export function readHello(body: Uint8Array): Hello | string {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return 'its hello is not JSON';
  }
  return checkHello(json);
}

/** The hello that parsed JSON is, or what is wrong with it in words. */
export function checkHello(json: unknown): Hello | string {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return 'its hello is not a JSON object';
  const hello = json as Record<keyof Hello, unknown>;
  const { version, pid, ppid, threadId, startedMs, name, node, resume, appVersion } = hello;
  if (version !== wireVersion) {
    const theirs = typeof version === 'number' ? `version ${version}` : 'no version';
    const who = isWhole(pid, 1, mostPid) ? `pid ${pid}` : 'it';
    return `${who} speaks ${theirs} of the wire format and this agent version ${wireVersion}; update the older one`;
  }
  if (!isWhole(pid, 1, mostPid)) return 'its hello has no pid';
  if (!isWhole(ppid, 0, mostPid)) return 'its hello has no ppid';
  if (!isWhole(threadId, 0, mostPid)) return 'its hello has no threadId';
  if (typeof startedMs !== 'number' || !(startedMs > 0)) return 'its hello has no startedMs';
  if (!isWhole(resume, 0, Number.MAX_SAFE_INTEGER)) return 'its hello has no resume';
  if (typeof name !== 'string' || typeof node !== 'string') return 'its hello has no name or no node';
  const known =
    typeof appVersion === 'string' && appVersion !== '' ? { appVersion: tagName(appVersion) } : {};
  return {
    version,
    pid,
    ppid,
    threadId,
    startedMs,
    resume,
    name: tagName(name),
    node: tagName(node),
    ...known,
  };
}

/** `@scope/crm api` → `scope-crm-api`: letters, digits and `._-`, 1 to 64 of them. */
function tagName(text: string): string {
  const clean = text.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-/, '');
  return [...clean].slice(0, mostNameLetters).join('') || 'service';
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
