import type { Alert, Notification, Routing } from '../contract/alerts.ts';
import { mostNotifications, type ReceiverSummary, type ReplayedNotification } from '../contract/backtest.ts';
import { Dispatcher } from '../routing/dispatcher.ts';
import { oneWayOut } from '../routing/one-way-out.ts';
import type { AlertTurn } from './replayed-rule.ts';

const noWishes = { silences: [], acknowledgements: {} };

/** Who would have been told: the dispatcher, stepped where alerts turn and where a group of notifications is due. */
export class ReplayedDispatch {
  readonly #dispatcher: Dispatcher;
  readonly #receivers: readonly string[];
  readonly #stepMs: number;
  /** Firing ones, and ended ones whose end is still to be told, by id. */
  readonly #alerts = new Map<string, Alert>();
  readonly #told = new Map<string, { reasons: Record<Notification['reason'], number>; timesMs: number[] }>();
  readonly #notifications: ReplayedNotification[] = [];
  #nextFlushMs = 0;

  /** @param stepMs the shortest interval of the rules: groups are looked at after an evaluation */
  constructor(routing: Routing, externalUrl: string, stepMs: number) {
    this.#dispatcher = new Dispatcher(oneWayOut(routing), [], { externalUrl });
    this.#receivers = routing.receivers.map(({ name }) => name);
    this.#stepMs = stepMs;
  }

  /** Goes on to `endMs`, not included, with what happened to alerts until then. */
  replay(turns: readonly AlertTurn[], endMs: number): void {
    // Nobody is told of what is pending.
    const told = turns.filter(({ alert }) => alert.state !== 'pending');
    const sorted = told.sort((a, b) => a.timeMs - b.timeMs);
    for (let next = 0; ; ) {
      const turnMs = sorted[next]?.timeMs ?? Number.POSITIVE_INFINITY;
      const flushMs = this.#nextFlushMs === 0 ? Number.POSITIVE_INFINITY : this.#nextFlushMs;
      const timeMs = Math.min(turnMs, Math.ceil(flushMs / this.#stepMs) * this.#stepMs);
      if (!(timeMs < endMs)) return;
      while (next < sorted.length && sorted[next]!.timeMs <= timeMs) {
        const { alert } = sorted[next++]!;
        this.#alerts.set(alert.id, alert);
      }
      this.#step(timeMs);
    }
  }

  /** The first ones, oldest first. */
  notifications(): readonly ReplayedNotification[] {
    return this.#notifications;
  }

  /** Of all receivers, the one that was told most first. */
  summaries(): ReceiverSummary[] {
    return this.#receivers
      .map((receiver) => {
        const { reasons, timesMs } = this.#told.get(receiver) ?? { reasons: noReasons(), timesMs: [] };
        const [firstMs = 0] = timesMs;
        return { receiver, notifications: timesMs.length, reasons, firstMs, lastMs: timesMs.at(-1) ?? 0 };
      })
      .sort((a, b) => b.notifications - a.notifications);
  }

  #step(timeMs: number): void {
    const given = [...this.#alerts.values()];
    const result = this.#dispatcher.step(given, timeMs, noWishes, () => null);
    for (const { id, state } of given)
      if (state === 'resolved' && !result.untold.has(id)) this.#alerts.delete(id);
    for (const { receiver, reason, groupLabels, alerts } of result.notifications) {
      const told = this.#told.get(receiver) ?? { reasons: noReasons(), timesMs: [] };
      told.reasons[reason]++;
      told.timesMs.push(timeMs);
      this.#told.set(receiver, told);
      if (this.#notifications.length === mostNotifications) continue;
      const firing = alerts.filter(({ status }) => status === 'firing').length;
      const resolved = alerts.length - firing;
      this.#notifications.push({ timeMs, receiver, reason, groupLabels, firing, resolved });
    }
    const { nextFlushMs } = result;
    this.#nextFlushMs = nextFlushMs === 0 ? 0 : Math.max(nextFlushMs, timeMs + 1);
  }
}

function noReasons(): Record<Notification['reason'], number> {
  return { new: 0, changed: 0, repeat: 0, resolved: 0, test: 0 };
}
