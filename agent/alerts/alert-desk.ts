import type { ActiveAlert, AlertsPageTask } from '../../workers/contract/alert-tasks.ts';
import type { Alert, AlertRecording, Silence } from '../../workers/contract/alerts.ts';
import { labelsTest } from '../../workers/routing/matchers.ts';
import type {
  AlertPage,
  AlertQuery,
  AlertStanding,
  AlertStatus,
  ShownAlert,
  ShownSilence,
  SilenceRequest,
} from '../alert-shape.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import { matcherText, silenceOf } from './silence-request.ts';
import { StandingWatch } from './standing-watch.ts';

/** What the store has of alerts. */
export interface AlertArchive {
  alertsPage(task: AlertsPageTask, signal?: AbortSignal): Promise<readonly Alert[]>;
  alert(id: string, signal?: AbortSignal): Promise<Alert | undefined>;
  alertRecording(alertId: string, signal?: AbortSignal): Promise<AlertRecording | undefined>;
}

/** What people ask of alerts and say to them, by HTTP and by the command line. */
export class AlertDesk {
  readonly #keeper: AlertKeeper;
  readonly #archive: AlertArchive;
  readonly #clock: Clock;
  readonly #watch = new StandingWatch();

  constructor(keeper: AlertKeeper, archive: AlertArchive, clock: Clock) {
    this.#keeper = keeper;
    this.#archive = archive;
    this.#clock = clock;
  }

  /** How open alerts stand; the same object while they and the silences do. */
  standing(): AlertStanding {
    const keeper = this.#keeper;
    return this.#watch.look(keeper.active(), (one) => this.#statusOf(one.alert, one), keeper.silences());
  }

  /** Newest first. Throws AgentError USAGE for a `before` that is none. */
  async list({ status, limit, before }: AlertQuery, signal?: AbortSignal): Promise<AlertPage> {
    const place = before === undefined ? undefined : placeOf(before);
    const alerts =
      status === 'resolved' || status === 'all'
        ? await this.#ofStore({ states: statesOf(status), limit, before: place }, signal)
        : this.#ofMemory(status, limit, place);
    const last = alerts.at(-1);
    const next = alerts.length === limit && last ? `${last.activeAtMs}-${last.id}` : null;
    return { alerts: alerts.map((alert) => this.#shown(alert)), next };
  }

  /** One alert with the recording around its begin, once there is one; undefined when there is no such alert. */
  async one(
    id: string,
    signal?: AbortSignal,
  ): Promise<(ShownAlert & { readonly recording: AlertRecording | null }) | undefined> {
    const alert = this.#live(id)?.alert ?? (await this.#archive.alert(id, signal));
    if (!alert) return undefined;
    const recording = (await this.#archive.alertRecording(id, signal)) ?? null;
    return { ...this.#shown(alert), recording };
  }

  /** Undefined when no such alert is pending or firing. */
  async acknowledge(id: string, by: string, comment: string): Promise<ShownAlert | undefined> {
    const atMs = Math.round(this.#clock.now());
    const found = await this.#keeper.acknowledge(id, { by: cut(by), comment: cut(comment), atMs });
    const live = this.#live(id);
    return found && live ? this.#shown(live.alert) : undefined;
  }

  /** Those in force first, then those to come, then those that ended. */
  silences(): ShownSilence[] {
    const order = { active: 0, pending: 1, expired: 2 };
    return this.#keeper
      .silences()
      .map((silence) => this.#shownSilence(silence))
      .sort((a, b) => order[a.status] - order[b.status] || (a.endsAt < b.endsAt ? -1 : 1));
  }

  /** Begins or changes a silence. Throws AgentError USAGE that says what is wrong with the request. */
  async silence(request: SilenceRequest): Promise<ShownSilence> {
    const silence = silenceOf(request, Math.round(this.#clock.now()));
    if (request.id !== undefined && !this.#keeper.silences().some(({ id }) => id === request.id))
      throw new AgentError('USAGE', `there is no silence with the id ${cut(request.id)}`);
    await this.#keeper.silence(silence);
    return this.#shownSilence(silence);
  }

  /** False when there is none in force or to come. */
  endSilence(id: string): Promise<boolean> {
    return this.#keeper.endSilence(id);
  }

  #ofMemory(status: AlertStatus | 'open', limit: number, place: Place | undefined): Alert[] {
    const fits = (one: ActiveAlert) => {
      const is = this.#statusOf(one.alert, one);
      return status === 'open' || is === status || (status === 'active' && is === 'unknown');
    };
    return this.#keeper
      .active()
      .filter(fits)
      .map(({ alert }) => alert)
      .sort((a, b) => b.activeAtMs - a.activeAtMs || (a.id < b.id ? 1 : -1))
      .filter((alert) => !place || isBehind(alert, place))
      .slice(0, limit);
  }

  async #ofStore(task: AlertsPageTask, signal?: AbortSignal): Promise<Alert[]> {
    const stored = await this.#archive.alertsPage(task, signal);
    return stored.map((alert) => this.#live(alert.id)?.alert ?? alert);
  }

  #live(id: string): ActiveAlert | undefined {
    return this.#keeper.active().find(({ alert }) => alert.id === id);
  }

  #statusOf(alert: Alert, live: ActiveAlert | undefined): AlertStatus {
    if (alert.state === 'resolved') return 'resolved';
    if (alert.state === 'pending') return 'pending';
    if (live?.mutedBy) return 'silenced';
    if (this.#keeper.acknowledgementOf(alert.id)) return 'acknowledged';
    return alert.unknownSources.length > 0 ? 'unknown' : 'active';
  }

  #shown(alert: Alert): ShownAlert {
    const live = this.#live(alert.id);
    const { labels, annotations, fingerprint, rule } = alert;
    const acknowledgement = this.#keeper.acknowledgementOf(alert.id);
    const type = labels.alertname ?? '';
    return {
      id: alert.id,
      type,
      severity: labels.severity ?? 'none',
      message: annotations.summary ?? annotations.description ?? type,
      data: {
        fingerprint,
        value: Number.isFinite(alert.value) ? alert.value : null,
        labels,
        annotations,
        rule,
      },
      status: this.#statusOf(alert, live),
      createdAt: iso(alert.firedAtMs || alert.activeAtMs),
      firedAt: alert.firedAtMs > 0 ? iso(alert.firedAtMs) : null,
      resolvedAt: alert.resolvedAtMs > 0 ? iso(alert.resolvedAtMs) : null,
      cause: alert.cause,
      reach: alert.reach,
      unknownSources: alert.unknownSources,
      acknowledged: acknowledgement
        ? { by: acknowledgement.by, comment: acknowledgement.comment, at: iso(acknowledgement.atMs) }
        : null,
      mutedBy: live?.mutedBy ?? null,
      receivers: live?.receivers ?? [],
      flapping: live?.isFlapping ?? false,
    };
  }

  #shownSilence(silence: Silence): ShownSilence {
    const nowMs = this.#clock.now();
    const { id, matchers, startsAtMs, endsAtMs, createdBy, comment } = silence;
    const status = endsAtMs <= nowMs ? 'expired' : startsAtMs > nowMs ? 'pending' : 'active';
    const fits = labelsTest(matchers);
    const kept = status === 'active' ? this.#keeper.active().filter(({ alert }) => fits(alert.labels)) : [];
    return {
      id,
      matchers: matchers.map(matcherText),
      startsAt: iso(startsAtMs),
      endsAt: iso(endsAtMs),
      createdBy,
      comment,
      status,
      alerts: kept.length,
    };
  }
}

interface Place {
  readonly activeAtMs: number;
  readonly id: string;
}

function placeOf(text: string): Place {
  const found = /^(\d{1,15})-([0-9a-z-]{1,64})$/.exec(text);
  if (!found) throw new AgentError('USAGE', 'before: expected the `next` of an earlier answer');
  return { activeAtMs: Number(found[1]), id: found[2]! };
}

function isBehind(alert: Alert, { activeAtMs, id }: Place): boolean {
  return alert.activeAtMs < activeAtMs || (alert.activeAtMs === activeAtMs && alert.id < id);
}

function cut(text: string): string {
  return text.slice(0, 500);
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function statesOf(status: 'resolved' | 'all'): AlertsPageTask['states'] {
  return status === 'resolved' ? ['resolved'] : ['firing', 'resolved'];
}
