/** One line of the table: ours beside a named peer, both measured in this run. */
export interface Row {
  readonly subject: string;
  /** What is measured, with its unit. */
  readonly measure: string;
  readonly ours: number;
  readonly peer: number;
  /** Who the peer is. */
  readonly peerName: string;
  /** ours / peer; of rates the larger is the better. */
  readonly ratio: number;
  readonly target: string;
  readonly met: boolean;
}

/** A row whose ratio should be at most `target`. */
export function atMost(subject: string, measure: string, ours: number, peer: Peer, target: number): Row {
  return compared(subject, measure, ours, peer, `≤ ${round(target)}`, (ratio) => ratio <= target);
}

/** A row whose ratio should be at least `target`. */
export function atLeast(subject: string, measure: string, ours: number, peer: Peer, target: number): Row {
  return compared(subject, measure, ours, peer, `≥ ${round(target)}`, (ratio) => ratio >= target);
}

/** Who the peer is, and what was measured of it. */
type Peer = readonly [name: string, value: number];

function compared(
  subject: string,
  measure: string,
  ours: number,
  [peerName, peer]: Peer,
  target: string,
  isMet: (ratio: number) => boolean,
): Row {
  const ratio = ours / peer;
  return { subject, measure, ours, peer, peerName, ratio, target, met: isMet(ratio) };
}

/** A row whose own value should be at most `limit`; the peer is shown beside it. */
export function valueAtMost(
  subject: string,
  measure: string,
  ours: number,
  [peerName, peer]: readonly [string, number],
  limit: number,
): Row {
  const target = `value ≤ ${round(limit)}`;
  return { subject, measure, ours, peer, peerName, ratio: ours / peer, target, met: ours <= limit };
}

export function median(numbers: Iterable<number> & { readonly length: number }): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** Three digits that count. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}
