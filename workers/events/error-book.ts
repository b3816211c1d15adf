import type { StoredErrorGroup } from '../contract/events.ts';
import { CountedGroup, type ErrorOccurrence } from './error-group.ts';
import { parseStack } from './error-stack.ts';
import { fingerprintOf, stackKeyOf } from './fingerprint.ts';

/** Of all processes: below the 2,000 series that a measurement may have, with room for those of `otherGroup`. */
const mostGroups = 1900;
/** Fingerprint of what finds no room. */
const otherGroup = 'other';
/** A group is forgotten when it was silent for so long. */
const keptMs = 300_000;
/** Changed groups of one fold; the others come with the next ones. */
const mostChanged = 500;
/** Sites and messages that are known without a look at their text, and the characters of them. */
const mostKnown = 5000;
const mostKnownLength = 2 ** 21;
/** Characters of all samples; beyond, a group keeps one. */
const mostSampleLength = 2 ** 22;
const mostTypeLength = 100;

export interface ErrorMemory {
  /** The group as it was kept; undefined when there is none. */
  readonly load: (process: string, fingerprint: string) => StoredErrorGroup | undefined;
  /** The stack with source maps applied. */
  readonly mapStack: (stack: string) => string;
}

/** One point of the measurement `errors`. */
export interface ErrorPoint {
  readonly process: string;
  readonly fingerprint: string;
  readonly type: string;
  /** Since the fold before. */
  readonly count: number;
  /** As long as the group is kept, over restarts. */
  readonly countTotal: number;
}

export interface FoldedErrors {
  /** Those that changed. */
  readonly groups: StoredErrorGroup[];
  /** Of each group from its first occurrence until 5 minutes after the last, always in the same order. */
  readonly points: ErrorPoint[];
  /** Another number when the set of points is another one. */
  readonly version: number;
}

/** A place in the code of a process: type and stack, read once. */
interface Site {
  readonly type: string;
  readonly stack: string;
  readonly stackKey: string;
  readonly groupOf: Map<string, CountedGroup>;
}

/**
 * Groups the errors of all processes. A known error costs three look-ups; a new text is parsed, mapped and hashed
 * once. What is kept is bounded: groups, texts of samples and known texts. A group that was silent for 5 minutes is
 * forgotten here, and loaded again when it comes again.
 */
export class ErrorBook {
  readonly #memory: ErrorMemory;
  readonly #groups = new Map<string, Map<string, CountedGroup>>();
  #groupCount = 0;
  readonly #sites = new Map<string, Map<string, Site>>();
  #known = 0;
  #knownLength = 0;
  readonly #changed = new Set<CountedGroup>();
  #sampleLength = 0;
  #version = 0;

  constructor(memory: ErrorMemory) {
    this.#memory = memory;
  }

  /** Counts an error that came `count` times alike. */
  record(occurrence: ErrorOccurrence, count = 1): void {
    const known = this.#sites.get(occurrence.process)?.get(occurrence.site);
    const group = known?.groupOf.get(occurrence.message) ?? this.#groupOf(occurrence);
    if (!group.isChanged) {
      group.isChanged = true;
      this.#changed.add(group);
    }
    if (!group.add(occurrence, count)) return;
    const { stack } = this.#siteOf(occurrence);
    this.#sampleLength += group.sample(occurrence, stack, this.#sampleLength > mostSampleLength);
  }

  #siteOf({ process, site }: ErrorOccurrence): Site {
    let sites = this.#sites.get(process);
    if (!sites) {
      sites = new Map();
      this.#sites.set(process, sites);
    }
    let known = sites.get(site);
    if (!known) {
      const [type, stack] = splitSite(site);
      const mapped = this.#memory.mapStack(stack);
      known = { type, stack: mapped, stackKey: stackKeyOf(parseStack(mapped)), groupOf: new Map() };
      sites.set(site, known);
      this.#known++;
      this.#knownLength += site.length + mapped.length;
    }
    return known;
  }

  /** Of a text that is not known yet. */
  #groupOf(occurrence: ErrorOccurrence): CountedGroup {
    if (this.#known > mostKnown || this.#knownLength > mostKnownLength) this.#forgetSites();
    const { process, message } = occurrence;
    const site = this.#siteOf(occurrence);
    const group = this.#findGroup(process, fingerprintOf(site.type, message, site.stackKey), site.type);
    // What found no room may find it later.
    if (group.fingerprint !== otherGroup) {
      site.groupOf.set(message, group);
      this.#known++;
      this.#knownLength += message.length;
    }
    return group;
  }

  #findGroup(process: string, fingerprint: string, type: string): CountedGroup {
    let groups = this.#groups.get(process);
    if (!groups) {
      groups = new Map();
      this.#groups.set(process, groups);
    }
    const known = groups.get(fingerprint);
    if (known) return known;
    if (this.#groupCount >= mostGroups && fingerprint !== otherGroup)
      return this.#findGroup(process, otherGroup, otherGroup);
    const group = new CountedGroup(process, fingerprint, type);
    const stored = this.#memory.load(process, fingerprint);
    if (stored) group.restore(stored);
    this.#sampleLength += group.textLength;
    groups.set(fingerprint, group);
    this.#groupCount++;
    this.#version++;
    return group;
  }

  /** Once a tick: what changed since the last time, and the counts since then. `timeMs` is the tick's. */
  fold(timeMs: number): FoldedErrors {
    const groups: StoredErrorGroup[] = [];
    for (const group of this.#changed) {
      if (groups.length === mostChanged) break;
      groups.push(group.stored());
      group.isChanged = false;
      this.#changed.delete(group);
    }
    const points: ErrorPoint[] = [];
    let isForgotten = false;
    for (const ofProcess of this.#groups.values()) {
      for (const group of ofProcess.values()) {
        const { process, fingerprint, type, tickCount, count } = group;
        // A clock that jumped back must not keep it.
        if (tickCount > 0 || group.activeMs > timeMs) group.activeMs = timeMs;
        if (timeMs - group.activeMs > keptMs && !group.isChanged) {
          this.#forget(ofProcess, group);
          isForgotten = true;
          continue;
        }
        group.tickCount = 0;
        points.push({ process, fingerprint, type, count: tickCount, countTotal: count });
      }
    }
    // They may name a group that is no longer here.
    if (isForgotten) this.#forgetSites();
    return { groups, points, version: this.#version };
  }

  #forgetSites(): void {
    this.#sites.clear();
    this.#known = 0;
    this.#knownLength = 0;
  }

  #forget(ofProcess: Map<string, CountedGroup>, group: CountedGroup): void {
    ofProcess.delete(group.fingerprint);
    if (ofProcess.size === 0) this.#groups.delete(group.process);
    this.#groupCount--;
    this.#sampleLength -= group.textLength;
    this.#version++;
  }
}

/** Type, as it becomes a tag, and stack of `type NUL stack`. */
function splitSite(site: string): [type: string, stack: string] {
  const end = site.indexOf('\0');
  const type = (end < 0 ? site : site.slice(0, end)).slice(0, mostTypeLength);
  return [type === '' ? 'Error' : type, end < 0 ? '' : site.slice(end + 1)];
}
