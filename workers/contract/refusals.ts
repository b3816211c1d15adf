/** What of a body of line protocol was not stored, and why. Plain data. */
export interface Refused {
  /** Points of which nothing was stored. */
  readonly points: number;
  /** Fields that are texts, or named `time`, which InfluxDB leaves out too. */
  readonly unstoredFields: number;
  /** How often each reason came, of the first ones. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Points that were refused for further reasons. */
  readonly untold: number;
}

const mostReasons = 10;
const mostCharacters = 300;

/** Collects what is refused of one body. */
export class Refusals implements Refused {
  points = 0;
  unstoredFields = 0;
  reasons: Record<string, number> = Object.create(null);
  untold = 0;

  /** A line that cannot be read. */
  unreadable(line: string, why: string): void {
    const shown = line.length > 120 ? `${line.slice(0, 120)}…` : line;
    this.refuse(`unable to parse '${shown}': ${why}`);
  }

  /** `count` points that were refused for one reason. */
  refuse(why: string, count = 1): void {
    this.points += count;
    this.#tell(why.slice(0, mostCharacters), count);
  }

  add({ points, unstoredFields, reasons, untold }: Refused): void {
    this.points += points;
    this.unstoredFields += unstoredFields;
    this.untold += untold;
    for (const [reason, count] of Object.entries(reasons)) this.#tell(reason, count);
  }

  /** As data for the other thread. */
  told(): Refused {
    const { points, unstoredFields, reasons, untold } = this;
    return { points, unstoredFields, reasons: { ...reasons }, untold };
  }

  /** A text for each reason; none when everything was stored. */
  texts(): string[] {
    const texts = Object.entries(this.reasons).map(([reason, count]) =>
      count === 1 ? reason : `${reason} (${count} times)`,
    );
    if (this.untold > 0) texts.push(`and ${this.untold} more`);
    const { unstoredFields } = this;
    if (unstoredFields > 0)
      texts.push(`fields that are texts, or named time, are not stored: ${unstoredFields}`);
    return texts;
  }

  #tell(reason: string, count: number): void {
    const before = this.reasons[reason];
    if (before === undefined && Object.keys(this.reasons).length >= mostReasons) this.untold += count;
    else this.reasons[reason] = (before ?? 0) + count;
  }
}
