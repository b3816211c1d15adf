import {
  currentCell,
  directoryCell,
  type EventBuffers,
  eventControl,
  eventLimits,
  seriesInAll,
  totalCell,
  windowMeasurements,
} from '../contract/window-cells.ts';
import { addDurationTotals, clearDurationTotals } from './duration-totals.ts';
import {
  cleanLabel,
  cleanText,
  isOtherSeries,
  other,
  otherLabel,
  type SeriesName,
  statusClasses,
} from './series-name.ts';

const { seriesEach } = eventLimits;
const textsAt = directoryCell.LENGTH * 4;

/** Slots of `slotOf`. */
export const seriesSlots: number = statusClasses + windowMeasurements.length - 1;

/** What is counted apart under one label: each status class of http (0 to 5), db, socket, job. */
export function slotOf(measurement: number, statusClass: number): number {
  return measurement === 0 ? statusClass : statusClasses + measurement - 1;
}

/**
 * The one writer of the directory of series. A measurement has at most `seriesEach` of them; what finds no room is
 * counted under `other`. Numbers of the same label and process stay the same until the series was silent for an hour
 * and others need the room.
 */
export class SeriesDirectory {
  /** Name of each series by its number; undefined where there is none. */
  readonly names: (SeriesName | undefined)[] = new Array(seriesInAll).fill(undefined);
  /** Numbers of the series that there are, per measurement, in no order. */
  readonly known: readonly number[][] = windowMeasurements.map(() => []);
  readonly #control: Int32Array;
  readonly #seriesTotals: Float64Array;
  readonly #durationTotals: Float64Array;
  readonly #current: Float64Array;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #processes = new Map<string, Map<string, number>[]>();
  /** Free numbers, ordinary ones and those of `other`, per measurement; the lowest last. */
  readonly #free: readonly number[][];
  readonly #freeOthers: readonly number[][];
  /** Measurements whose idle series were looked for in vain since the last tick. */
  readonly #exhausted = new Set<number>();

  /** Takes over buffers as they are. */
  constructor(buffers: EventBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#seriesTotals = new Float64Array(buffers.seriesTotals);
    this.#durationTotals = new Float64Array(buffers.durationTotals);
    this.#current = new Float64Array(buffers.current);
    this.#words = new Uint32Array(buffers.directory);
    this.#bytes = Buffer.from(buffers.directory);
    if (this.#control[eventControl.DIRECTORY_VERSION]! & 1)
      Atomics.add(this.#control, eventControl.DIRECTORY_VERSION, 1);
    this.#free = windowMeasurements.map(() => []);
    this.#freeOthers = windowMeasurements.map(() => []);
    for (let series = seriesInAll - 1; series >= 0; series--) this.#adopt(series);
  }

  /** The series of a label, made if need be; that of `other` when there is no room. `text` is any text. */
  find(measurement: number, process: string, text: string, statusClass: number, nowMs: number): number {
    const slot = slotOf(measurement, statusClass);
    const found = this.#processes.get(process)?.[slot]?.get(text);
    if (found !== undefined) return found;
    const label = cleanLabel(text);
    const owner = cleanText(process, eventLimits.processBytes);
    const known = this.#processes.get(owner)?.[slot]?.get(label);
    if (known !== undefined) return known;
    if (label !== otherLabel) {
      const free = this.#free[measurement]!;
      if (free.length > 0 || this.#expire(measurement, nowMs))
        return this.#name(free.pop()!, measurement, owner, label, statusClass);
    }
    return this.#other(measurement, owner, statusClass);
  }

  /** A tick is over: idle series may be looked for again. */
  tickOver(): void {
    this.#exhausted.clear();
  }

  #other(measurement: number, owner: string, statusClass: number): number {
    const known = this.#processes.get(owner)?.[slotOf(measurement, statusClass)]?.get(otherLabel);
    if (known !== undefined) return known;
    const free = this.#freeOthers[measurement]!;
    // As many as there are status classes stay for the process `other`, so that there is always one.
    if (free.length <= statusClasses && owner !== other) return this.#other(measurement, other, statusClass);
    return this.#name(free.pop()!, measurement, owner, otherLabel, statusClass);
  }

  /** Frees series that were silent for an hour; true when there were any. */
  #expire(measurement: number, nowMs: number): boolean {
    if (this.#exhausted.has(measurement)) return false;
    this.#exhausted.add(measurement);
    const idle = this.known[measurement]!.filter(
      (series) => !isOtherSeries(series) && nowMs - this.#lastMs(series) > eventLimits.idleMs,
    );
    for (const series of idle) this.#forget(series, measurement);
    return idle.length > 0;
  }

  #lastMs(series: number): number {
    const row = series * currentCell.LENGTH;
    if (this.#current[row + currentCell.UNTIMED]! > 0 || this.#current[row + currentCell.MAX_US]! > 0)
      return Number.POSITIVE_INFINITY;
    return this.#seriesTotals[series * totalCell.LENGTH + totalCell.LAST_MS]!;
  }

  #forget(series: number, measurement: number): void {
    const { process, a, b, statusClass } = this.names[series]!;
    const total = series * totalCell.LENGTH;
    // Events of sockets are told in one sum for their process, which must not fall.
    if (windowMeasurements[measurement] === 'socket') {
      const heir = this.#other(measurement, process, 0);
      for (let cell = 0; cell < totalCell.LAST_MS; cell++)
        this.#seriesTotals[heir * totalCell.LENGTH + cell]! += this.#seriesTotals[total + cell]!;
      addDurationTotals(this.#durationTotals, series, heir);
    }
    this.#words[(series * directoryCell.BYTES) / 4 + directoryCell.NAMED] = 0;
    this.names[series] = undefined;
    const known = this.known[measurement]!;
    known.splice(known.indexOf(series), 1);
    const maps = this.#processes.get(process)!;
    maps[slotOf(measurement, statusClass)]!.delete(`${a}\0${b}`);
    if (maps.every((map) => map.size === 0)) this.#processes.delete(process);
    this.#free[measurement]!.push(series);
  }

  #name(series: number, measurement: number, process: string, label: string, statusClass: number): number {
    const word = (series * directoryCell.BYTES) / 4;
    const [a, b] = label.split('\0') as [string, string];
    Atomics.add(this.#control, eventControl.DIRECTORY_VERSION, 1);
    let at = series * directoryCell.BYTES + textsAt;
    [process, a, b].forEach((text, i) => {
      const bytes = this.#bytes.write(text, at);
      this.#words[word + directoryCell.PROCESS_BYTES + i] = bytes;
      at += bytes;
    });
    this.#words[word + directoryCell.STATUS_CLASS] = statusClass;
    this.#words[word + directoryCell.GENERATION]!++;
    this.#seriesTotals.fill(0, series * totalCell.LENGTH, (series + 1) * totalCell.LENGTH);
    this.#seriesTotals[series * totalCell.LENGTH + totalCell.LAST_MS] = Number.NaN;
    clearDurationTotals(this.#durationTotals, series);
    this.#words[word + directoryCell.NAMED] = 1;
    Atomics.add(this.#control, eventControl.DIRECTORY_VERSION, 1);
    this.#remember(series, { measurement: windowMeasurements[measurement]!, process, a, b, statusClass });
    return series;
  }

  /** Takes up a series that the buffers have, or its free number. */
  #adopt(series: number): void {
    const measurement = Math.floor(series / seriesEach);
    const name = readName(series, this.#words, this.#bytes);
    if (name) this.#remember(series, name);
    else (isOtherSeries(series) ? this.#freeOthers : this.#free)[measurement]!.push(series);
  }

  #remember(series: number, name: SeriesName): void {
    const measurement = Math.floor(series / seriesEach);
    let maps = this.#processes.get(name.process);
    if (!maps) {
      maps = Array.from({ length: seriesSlots }, () => new Map<string, number>());
      this.#processes.set(name.process, maps);
    }
    maps[slotOf(measurement, name.statusClass)]!.set(`${name.a}\0${name.b}`, series);
    this.names[series] = name;
    this.known[measurement]!.push(series);
  }
}

/** Name of a series in the shared directory; undefined where there is none. */
export function readName(series: number, words: Uint32Array, bytes: Buffer): SeriesName | undefined {
  const word = (series * directoryCell.BYTES) / 4;
  if (words[word + directoryCell.NAMED] !== 1) return undefined;
  let at = series * directoryCell.BYTES + textsAt;
  const [process, a, b] = [0, 1, 2].map((i) => {
    const length = words[word + directoryCell.PROCESS_BYTES + i]!;
    at += length;
    return bytes.toString('utf8', at - length, at);
  }) as [string, string, string];
  return {
    measurement: windowMeasurements[Math.floor(series / seriesEach)]!,
    process,
    a,
    b,
    statusClass: words[word + directoryCell.STATUS_CLASS]!,
  };
}
