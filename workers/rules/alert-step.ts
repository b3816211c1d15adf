import { type Alert, type LabelSet, resolvedKeptMs } from '../contract/alerts.ts';

/** Which alert it is, whatever its state. */
export interface AlertIdentity {
  /** `ruleKey` of its rule. */
  readonly rule: string;
  readonly labels: LabelSet;
  readonly fingerprint: string;
}

/** What the expression gave for an alert. */
export interface Sighting {
  readonly value: number;
  readonly annotations: LabelSet;
}

/** One evaluation, as one alert sees it. */
export interface StepMoment {
  readonly nowMs: number;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Why nothing is known of the alert: its sources that are down, or `no data`. Empty when it is known. */
  readonly unknownSources: readonly string[];
  /** It fires, has no sample any more, but is not clear yet. */
  readonly isHeld: boolean;
}

/**
 * The next state of an alert, by the rules of Prometheus (rules/alerting.go, Eval): pending until the expression had it
 * for `forMs`, then firing; gone when it is missing while pending; resolved when it is missing while firing, once
 * `keepFiringForMs` is over. What is unknown stays as it is, its `for` does not elapse, and nothing new begins.
 *
 * @param sighting undefined when the expression gave nothing for the alert
 * @returns `previous` itself when nothing changed; undefined when there is no such alert, or no longer
 */
export function stepAlert(
  identity: AlertIdentity,
  previous: Alert | undefined,
  sighting: Sighting | undefined,
  moment: StepMoment,
): Alert | undefined {
  if (previous === undefined || previous.state === 'resolved') {
    if (sighting !== undefined && moment.unknownSources.length === 0)
      return begun(identity, sighting, moment);
    const isRemembered =
      previous !== undefined && Math.abs(moment.nowMs - previous.resolvedAtMs) <= resolvedKeptMs;
    return isRemembered ? previous : undefined;
  }
  if (moment.unknownSources.length > 0) return unknown(previous, moment);
  const known = previous.unknownSources.length > 0 ? knownAgain(previous, moment.nowMs) : previous;
  return sighting === undefined ? missing(known, moment) : seen(known, sighting, moment);
}

/** The alert with times of what it waits for moved on: the time between does not count as elapsed. */
export function shiftedAlert(alert: Alert, ms: number): Alert {
  const isPending = alert.state === 'pending';
  if (alert.unknownSources.length > 0 || (!isPending && alert.keepFiringSinceMs === 0)) return alert;
  return {
    ...alert,
    activeAtMs: isPending ? alert.activeAtMs + ms : alert.activeAtMs,
    keepFiringSinceMs: alert.keepFiringSinceMs === 0 ? 0 : alert.keepFiringSinceMs + ms,
  };
}

function begun(identity: AlertIdentity, sighting: Sighting, moment: StepMoment): Alert {
  const { nowMs } = moment;
  const isFiring = moment.forMs <= 0;
  return {
    id: `${identity.fingerprint}-${nowMs.toString(36)}`,
    fingerprint: identity.fingerprint,
    rule: identity.rule,
    labels: identity.labels,
    annotations: sighting.annotations,
    state: isFiring ? 'firing' : 'pending',
    unknownSources: [],
    unknownSinceMs: 0,
    value: sighting.value,
    activeAtMs: nowMs,
    firedAtMs: isFiring ? nowMs : 0,
    resolvedAtMs: 0,
    keepFiringSinceMs: 0,
    cause: null,
    reach: null,
  };
}

function unknown(previous: Alert, { nowMs, unknownSources }: StepMoment): Alert {
  if (isSameList(previous.unknownSources, unknownSources)) return previous;
  const unknownSinceMs = previous.unknownSinceMs || nowMs;
  return { ...previous, unknownSources, unknownSinceMs };
}

function knownAgain(previous: Alert, nowMs: number): Alert {
  const known = { ...previous, unknownSources: [], unknownSinceMs: 0 };
  return shiftedAlert(known, nowMs - previous.unknownSinceMs);
}

function seen(known: Alert, { value, annotations }: Sighting, { nowMs, forMs }: StepMoment): Alert {
  const fires = known.state === 'pending' && nowMs - known.activeAtMs >= forMs;
  if (
    !fires &&
    Object.is(known.value, value) &&
    known.annotations === annotations &&
    known.keepFiringSinceMs === 0
  ) {
    return known;
  }
  const next = { ...known, value, annotations, keepFiringSinceMs: 0 };
  return fires ? { ...next, state: 'firing', firedAtMs: nowMs } : next;
}

function missing(known: Alert, { nowMs, keepFiringForMs, isHeld }: StepMoment): Alert | undefined {
  if (known.state === 'pending') return undefined;
  if (isHeld) return known.keepFiringSinceMs === 0 ? known : { ...known, keepFiringSinceMs: 0 };
  const keepFiringSinceMs = known.keepFiringSinceMs || nowMs;
  if (nowMs - keepFiringSinceMs >= keepFiringForMs) return resolvedAlert(known, nowMs);
  return keepFiringSinceMs === known.keepFiringSinceMs ? known : { ...known, keepFiringSinceMs };
}

/** The alert as it is when it ended. */
export function resolvedAlert(alert: Alert, nowMs: number): Alert {
  return { ...alert, state: 'resolved', resolvedAtMs: nowMs, unknownSources: [], unknownSinceMs: 0 };
}

/** Whether an alert is other than before in more than its value: worth keeping. */
export function isOtherAlert(before: Alert | undefined, after: Alert): boolean {
  if (before === undefined) return true;
  return (
    before.id !== after.id ||
    before.state !== after.state ||
    before.activeAtMs !== after.activeAtMs ||
    before.keepFiringSinceMs !== after.keepFiringSinceMs ||
    !isSameList(before.unknownSources, after.unknownSources) ||
    !isSameText(before.annotations, after.annotations)
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, index) => text === b[index]));
}

function isSameText(a: LabelSet, b: LabelSet): boolean {
  if (a === b) return true;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
