import type { Instance } from '../contract/events.ts';
import type { Reading } from '../contract/tasks.ts';
import { eventLimits } from '../contract/window-cells.ts';
import { reportedPart, runtimeEveryMs, runtimeField } from '../contract/wire.ts';
import { fieldsOf } from '../point/catalogue.ts';
import type { FrameView } from './frame-view.ts';
import { PointLayout } from './point-layout.ts';
import { cleanText } from './series-name.ts';

/** A report that is older is no longer what the process is like. */
const reportLastsMs = 5 * runtimeEveryMs;

const runtimeFields = fieldsOf('runtime');
/** Where each field of the point `runtime` lies in a report. */
const reportFields: readonly number[] = runtimeFields.map(
  (field) => runtimeField[field.toUpperCase() as keyof typeof runtimeField],
);

/** One connected process or thread. */
export interface ConnectedInstance {
  readonly process: string;
  readonly worker: string;
  /** Sum of `reportedPart` bits: what it said that it reports, and what it did report. */
  parts: number;
  /** Fields of its newest runtime frame. */
  readonly report: Float64Array;
  /** When that came, monotonic; −∞ before the first. */
  reportedMs: number;
}

/** Who is connected, and what they last said of themselves. Made anew from the next frames when a worker is replaced. */
export class InstanceBook {
  #text = '';
  #instances = new Map<number, ConnectedInstance>();
  #processes = new Set<string>();
  readonly #layout = new PointLayout();

  /** Takes the connected instances as of now, JSON of `Instance[]`; those that are not among them are forgotten. */
  use(text: string): void {
    if (text === this.#text) return;
    const instances = new Map<number, ConnectedInstance>();
    for (const { number, process: name, worker } of JSON.parse(text) as Instance[]) {
      const process = cleanText(name, eventLimits.processBytes);
      const known = this.#instances.get(number);
      const isSame = known?.process === process && known.worker === worker;
      instances.set(number, isSame ? known : newInstance(process, worker));
    }
    this.#instances = instances;
    this.#processes = new Set(Array.from(instances.values(), ({ process }) => process));
    this.#text = text;
  }

  get(number: number): ConnectedInstance | undefined {
    return this.#instances.get(number);
  }

  /** Takes a runtime frame that was checked. */
  takeReport(instance: ConnectedInstance, frame: FrameView, nowMs: number): void {
    for (let field = 0; field < runtimeField.LENGTH; field++) instance.report[field] = frame.runtime(field);
    const parts = instance.report[runtimeField.PARTS]!;
    if (parts > 0 && parts < 1 << 16) instance.parts |= parts;
    instance.reportedMs = nowMs;
  }

  isConnected(process: string): boolean {
    return this.#processes.has(process);
  }

  /** True when some instance, of this process if one is named, reports the part. */
  reports(part: number, process?: string): boolean {
    for (const instance of this.#instances.values()) {
      if ((instance.parts & part) !== 0 && (process === undefined || process === instance.process))
        return true;
    }
    return false;
  }

  /** Processes with an instance that reports the part. */
  reporting(part: number): Set<string> {
    const processes = new Set<string>();
    for (const { parts, process } of this.#instances.values())
      if ((parts & part) !== 0) processes.add(process);
    return processes;
  }

  /** Open sockets, of this process if one is named; NaN when none of its instances tells. */
  connections(nowMs: number, process?: string): number {
    let connections = Number.NaN;
    for (const instance of this.#instances.values()) {
      if (process !== undefined && process !== instance.process) continue;
      const open = instance.report[runtimeField.CONNECTIONS]!;
      if ((instance.parts & reportedPart.SOCKET) === 0 || !(open >= 0) || !isFresh(instance, nowMs)) continue;
      connections = (Number.isNaN(connections) ? 0 : connections) + open;
    }
    return connections;
  }

  /** The points `runtime`, one for each process and worker; null when nobody is connected. */
  read(nowMs: number): Reading | null {
    const places = new Map<string, ConnectedInstance>();
    for (const instance of this.#instances.values()) {
      const place = `${instance.process}\0${instance.worker}`;
      const known = places.get(place);
      if (!known || known.reportedMs <= instance.reportedMs) places.set(place, instance);
    }
    if (places.size === 0) return null;
    this.#layout.use([...places.keys()], (place) => {
      const [process, worker] = place.split('\0') as [string, string];
      return { measurement: 'runtime', tags: { process, worker }, fields: runtimeFields };
    });
    const values = new Float64Array(places.size * runtimeFields.length).fill(Number.NaN);
    let at = 0;
    for (const instance of places.values()) {
      if (isFresh(instance, nowMs))
        reportFields.forEach((field, i) => {
          values[at + i] = instance.report[field]!;
        });
      at += runtimeFields.length;
    }
    return { source: 'runtime', layout: this.#layout.text, values };
  }
}

function newInstance(process: string, worker: string): ConnectedInstance {
  const report = new Float64Array(runtimeField.LENGTH).fill(Number.NaN);
  return { process, worker, parts: 0, report, reportedMs: Number.NEGATIVE_INFINITY };
}

function isFresh(instance: ConnectedInstance, nowMs: number): boolean {
  return nowMs - instance.reportedMs <= reportLastsMs;
}
