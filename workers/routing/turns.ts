import type { Route } from '../contract/alerts.ts';

/**
 * Turns of an alert: the times, in milliseconds and ascending, when it began or ended. Three beginnings and ends within the
 * window make it flap, until it is steady.
 */
export type Turns = readonly number[];

const turnsThatFlap = 6;
const mostTurns = 10;
const leastMs = 5 * 60_000;

/** Turns older than this no longer count. */
export function flappingWindowMs({ repeatIntervalMs }: Route): number {
  return Math.max(repeatIntervalMs, leastMs);
}

function steadyMs({ groupIntervalMs }: Route): number {
  return Math.max(groupIntervalMs, leastMs);
}

/** The turns with one more, or the same list when it is known, too old or in the future. */
export function withTurn(turns: Turns, turnMs: number, route: Route, nowMs: number): Turns {
  const oldestMs = nowMs - flappingWindowMs(route);
  if (turnMs <= oldestMs || turnMs > nowMs || turnMs <= (turns.at(-1) ?? 0)) return turns;
  const counting = isSettled(turns, route, nowMs) ? turns.slice(-1) : turns;
  return [...counting.filter((ms) => ms > oldestMs), turnMs].slice(-mostTurns);
}

export function isFlapping(turns: Turns, route: Route, nowMs: number): boolean {
  return turns.length >= turnsThatFlap && nowMs - turns.at(-1)! < steadyMs(route);
}

/** True when it flapped and is steady again. */
export function isSettled(turns: Turns, route: Route, nowMs: number): boolean {
  return turns.length >= turnsThatFlap && nowMs - turns.at(-1)! >= steadyMs(route);
}
