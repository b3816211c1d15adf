import type { Alert, LabelSet } from '../contract/alerts.ts';
import type { AlertingState } from './alerting-state.ts';
import { type MadeSeries, type NewestSample, seriesLabels } from './sample-overlay.ts';

/** 1 for each alert that is pending or firing, which its label `alertstate` says. */
export const alertsMetric = 'ALERTS';
/** When each of them became active, in seconds since 1970. */
export const alertsForStateMetric = 'ALERTS_FOR_STATE';

/** Alerts keep their label objects: so do their series. */
const known = new WeakMap<LabelSet, Map<string, Record<string, string>>>();

/** The series that Prometheus writes of the active alerts of a rule (rules/alerting.go, sample and forStateSample). */
export function alertSeries(metric: string, state: AlertingState): MadeSeries {
  return {
    get version() {
      return state.version;
    },
    newest: () => [...state.active()].map((alert) => sampleOf(metric, alert, state.evaluatedAtMs)),
  };
}

function sampleOf(metric: string, alert: Alert, timeMs: number): NewestSample {
  const value = metric === alertsMetric ? 1 : Math.floor(alert.activeAtMs / 1000);
  return { labels: labelsOf(metric, alert), timeMs, value, isEnded: false };
}

function labelsOf(metric: string, { labels, state }: Alert): Record<string, string> {
  const own = known.get(labels) ?? new Map<string, Record<string, string>>();
  if (own.size === 0) known.set(labels, own);
  const key = metric === alertsMetric ? state : '';
  let series = own.get(key);
  if (series === undefined) {
    series = seriesLabels(metric, labels);
    if (key !== '') series.alertstate = key;
    own.set(key, series);
  }
  return series;
}
