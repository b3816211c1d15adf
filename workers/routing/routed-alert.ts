import type { MutedBy } from '../contract/alert-tasks.ts';
import type { Alert, LabelSet, Route, Silence } from '../contract/alerts.ts';
import type { AlertGroup } from './alert-group.ts';
import type { Inhibitor, Roles } from './inhibitor.ts';
import type { RouteTree } from './route-tree.ts';
import { isSilencing, type Silencer } from './silencer.ts';

/** What is known of alerts with the same labels: found once, for labels do not change. */
export class RoutedAlert {
  readonly routes: readonly Route[];
  readonly roles: Roles;
  /** The newest episode that fires or has ended. */
  alert: Alert | null = null;
  /** The evaluation in which it was last given. */
  step = 0;
  readonly groups: AlertGroup[] = [];
  #labels: LabelSet;
  #groupedAs: Alert['state'] | null = null;
  #silences: readonly Silence[] = [];
  #silencesVersion = -1;
  #muted: MutedBy | null = null;
  #mutedStep = 0;

  constructor(labels: LabelSet, tree: RouteTree, inhibitor: Inhibitor) {
    this.#labels = labels;
    this.routes = tree.matching(labels);
    this.roles = inhibitor.rolesOf(labels);
  }

  isOf(labels: LabelSet): boolean {
    if (labels === this.#labels) return true;
    const names = Object.keys(labels);
    const isSame =
      names.length === Object.keys(this.#labels).length &&
      names.every((name) => Object.hasOwn(this.#labels, name) && this.#labels[name] === labels[name]);
    if (isSame) this.#labels = labels;
    return isSame;
  }

  take(alert: Alert, step: number): void {
    if (this.step !== step) {
      this.step = step;
      this.alert = null;
    }
    if (alert.state === 'pending') return;
    if (this.alert === null || isNewer(alert, this.alert)) this.alert = alert;
  }

  /** False when it has to be sorted into groups: an alert that fires begins some that one that has ended does not. */
  isGrouped({ state }: Alert): boolean {
    return this.#groupedAs === 'firing' || this.#groupedAs === state;
  }

  join(groups: readonly AlertGroup[], { state }: Alert): void {
    this.groups.splice(0, this.groups.length, ...groups);
    this.#groupedAs = state;
  }

  leave(fingerprint: string): void {
    for (const group of this.groups) group.members.delete(fingerprint);
    this.groups.length = 0;
    this.#groupedAs = null;
  }

  /** Leaves one group that is no more; when it fires again it begins it anew. */
  drop(group: AlertGroup): void {
    this.groups.splice(this.groups.indexOf(group), 1);
    this.#groupedAs = null;
  }

  /** Why nobody is told of it now: a silence before an alert that inhibits it before maintenance. */
  mutedBy(
    timeMs: number,
    silencer: Silencer,
    inhibitor: Inhibitor,
    maintenance: () => string | null,
  ): MutedBy | null {
    if (this.#mutedStep !== this.step) {
      this.#mutedStep = this.step;
      this.#muted = this.#findMute(timeMs, silencer, inhibitor, maintenance);
    }
    return this.#muted;
  }

  #findMute(
    timeMs: number,
    silencer: Silencer,
    inhibitor: Inhibitor,
    maintenance: () => string | null,
  ): MutedBy | null {
    if (this.#silencesVersion !== silencer.version) {
      this.#silencesVersion = silencer.version;
      this.#silences = silencer.fitting(this.#labels);
    }
    const silence = this.#silences.find((one) => isSilencing(one, timeMs));
    if (silence) return { by: 'silence', id: silence.id };
    const source = inhibitor.inhibiting(this.roles);
    if (source) return { by: 'inhibition', id: source.id };
    const id = maintenance();
    return id === null ? null : { by: 'maintenance', id };
  }
}

function isNewer(alert: Alert, than: Alert): boolean {
  if (alert.activeAtMs !== than.activeAtMs) return alert.activeAtMs > than.activeAtMs;
  return alert.state === 'firing';
}
