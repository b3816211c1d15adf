import type { ActiveAlert } from '../../workers/contract/alert-tasks.ts';
import type { Silence } from '../../workers/contract/alerts.ts';
import type { AlertStanding, AlertStatus } from '../alert-shape.ts';

/** Notices when open alerts or silences are others, or stand otherwise, than when it last looked. */
export class StandingWatch {
  #ids: string[] = [];
  #statuses: AlertStatus[] = [];
  #silences: readonly Silence[] = [];
  #standing: AlertStanding = { version: 0, counts: countsOf([]) };

  /** The same object while nothing changed. `silences` is another list when one of them changed. */
  look(
    open: readonly ActiveAlert[],
    statusOf: (alert: ActiveAlert) => AlertStatus,
    silences: readonly Silence[],
  ): AlertStanding {
    let isSame = silences === this.#silences && open.length === this.#ids.length;
    for (let i = 0; i < open.length; i++) {
      const { id } = open[i]!.alert;
      const status = statusOf(open[i]!);
      if (this.#ids[i] === id && this.#statuses[i] === status) continue;
      isSame = false;
      this.#ids[i] = id;
      this.#statuses[i] = status;
    }
    if (isSame) return this.#standing;
    this.#ids.length = open.length;
    this.#statuses.length = open.length;
    this.#silences = silences;
    this.#standing = { version: this.#standing.version + 1, counts: countsOf(this.#statuses) };
    return this.#standing;
  }
}

function countsOf(statuses: readonly AlertStatus[]): AlertStanding['counts'] {
  const counts = { pending: 0, active: 0, acknowledged: 0, silenced: 0, unknown: 0 };
  for (const status of statuses) if (status !== 'resolved') counts[status]++;
  return counts;
}
