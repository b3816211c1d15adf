import type { Alert, LabelSet } from '../contract/alerts.ts';
import {
  type FiringSummary,
  mostFirings,
  type ReplayedAlert,
  type ReplayedFiring,
  type SuggestedFor,
} from '../contract/backtest.ts';
import type { AlertTurn } from './replayed-rule.ts';

/** A firing that ended by itself within this time is a flap. */
export const flapMs = 5 * 60_000;

/** What people write as `for`. */
const usualForMs = [
  ...[10, 20, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440].map((m) => m * 60_000),
];

/** An alert from when it fired to when it ended. */
interface Firing {
  readonly labels: LabelSet;
  readonly fingerprint: string;
  readonly firedAtMs: number;
  /** null: it still fired at the end of the replay. */
  endedAtMs: number | null;
  /** How long its condition held; of one that `nova_clear` held on, at most. */
  heldMs: number;
  unknownMs: number;
  unknownSinceMs: number;
}

/** The firings of one rule. */
export class FiringBook {
  readonly #firings = new Map<string, Firing>();

  take({ timeMs, alert }: AlertTurn): void {
    if (alert.firedAtMs === 0) return;
    const firing = this.#firings.get(alert.id) ?? this.#begun(alert);
    if (firing.unknownSinceMs > 0 && alert.unknownSources.length === 0) {
      firing.unknownMs += timeMs - firing.unknownSinceMs;
      firing.unknownSinceMs = 0;
    } else if (firing.unknownSinceMs === 0 && alert.unknownSources.length > 0) firing.unknownSinceMs = timeMs;
    if (alert.state !== 'resolved' || firing.endedAtMs !== null) return;
    firing.endedAtMs = alert.resolvedAtMs;
    firing.heldMs = (alert.keepFiringSinceMs || alert.resolvedAtMs) - alert.activeAtMs;
  }

  /** Ends the book: what fires still, does so up to this time. */
  summary(untilMs: number): FiringSummary {
    return summaryOf([...this.#firings.values()], untilMs);
  }

  /** By the labels of the alert, the one that fired longest first. */
  alerts(untilMs: number): ReplayedAlert[] {
    return [...grouped(this.#firings.values()).values()]
      .map((firings) => ({
        labels: firings[0]!.labels,
        summary: summaryOf(firings, untilMs),
        firings: firings.slice(-mostFirings).map((one) => replayedFiring(one, untilMs)),
      }))
      .sort((a, b) => b.summary.firingMs - a.summary.firingMs);
  }

  /**
   * The shortest usual `for` that would have left out all flaps: their condition held for less. null where there are none, or
   * no usual one is long enough.
   */
  suggestedFor(intervalMs: number): SuggestedFor | null {
    const firings = [...this.#firings.values()];
    const flaps = firings.filter(isFlap);
    if (flaps.length === 0) return null;
    const longestMs = Math.max(...flaps.map(({ heldMs }) => heldMs));
    const forMs = usualForMs.find((ms) => ms >= longestMs);
    if (forMs === undefined) return null;
    // The last evaluation that had it is one before the one that had not.
    const remains = (firing: Firing) => firing.endedAtMs === null || firing.heldMs - intervalMs >= forMs;
    return { forMs, remaining: firings.filter(remains).length };
  }

  #begun({ id, labels, fingerprint, firedAtMs }: Alert): Firing {
    const firing: Firing = {
      ...{ labels, fingerprint, firedAtMs, endedAtMs: null },
      ...{ heldMs: 0, unknownMs: 0, unknownSinceMs: 0 },
    };
    this.#firings.set(id, firing);
    return firing;
  }
}

function grouped(firings: Iterable<Firing>): Map<string, Firing[]> {
  const groups = new Map<string, Firing[]>();
  for (const firing of firings) {
    const group = groups.get(firing.fingerprint);
    if (group) group.push(firing);
    else groups.set(firing.fingerprint, [firing]);
  }
  return groups;
}

function isFlap({ firedAtMs, endedAtMs, unknownMs }: Firing): boolean {
  return endedAtMs !== null && unknownMs === 0 && endedAtMs - firedAtMs < flapMs;
}

function summaryOf(firings: readonly Firing[], untilMs: number): FiringSummary {
  const durationsMs = firings.map(({ firedAtMs, endedAtMs }) => (endedAtMs ?? untilMs) - firedAtMs);
  const beganMs = firings.map(({ firedAtMs }) => firedAtMs);
  const unknownMs = firings.map((one) => unknownOf(one, untilMs));
  return {
    firings: firings.length,
    flaps: firings.filter(isFlap).length,
    firingMs: sum(durationsMs),
    longestMs: largest(durationsMs),
    firstMs: firings.length === 0 ? 0 : beganMs.reduce((a, b) => Math.min(a, b)),
    lastMs: largest(beganMs),
    unknownMs: sum(unknownMs),
  };
}

function replayedFiring(firing: Firing, untilMs: number): ReplayedFiring {
  const { firedAtMs, endedAtMs } = firing;
  return { firedAtMs, endedAtMs, unknownMs: unknownOf(firing, untilMs) };
}

function unknownOf({ unknownMs, unknownSinceMs, endedAtMs }: Firing, untilMs: number): number {
  return unknownMs + (unknownSinceMs > 0 ? (endedAtMs ?? untilMs) - unknownSinceMs : 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function largest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}
