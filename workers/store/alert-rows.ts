import type { Alert, Notification, NotifiedAlert } from '../contract/alerts.ts';

/**
 * JSON of rows about alerts. JSON has no NaN and no infinity: values that may be such are written as numbers, or as
 * the texts 'NaN', '+Inf' and '-Inf'.
 */
type Written = number | 'NaN' | '+Inf' | '-Inf';

const text = new TextEncoder();
const fromText = new TextDecoder();

export function encodeJson(value: unknown): Uint8Array {
  return text.encode(JSON.stringify(value));
}

/** undefined when the bytes are not JSON. */
export function decodeJson<T>(bytes: Uint8Array): T | undefined {
  try {
    return JSON.parse(fromText.decode(bytes)) as T;
  } catch {
    return undefined;
  }
}

/** Rows that cannot be read are left out. */
export function decodeRows<T>(rows: readonly { readonly data: Uint8Array }[]): T[] {
  return rows.flatMap(({ data }) => decodeJson<T>(data) ?? []);
}

export function encodeAlert(alert: Alert): Uint8Array {
  const { value, cause } = alert;
  const moved = cause?.moved.map((one) => ({
    ...one,
    now: written(one.now),
    usual: written(one.usual),
    score: written(one.score),
  }));
  return encodeJson({ ...alert, value: written(value), cause: cause && { ...cause, moved } });
}

/** undefined when it cannot be read. */
export function decodeAlert(bytes: Uint8Array): Alert | undefined {
  const alert = decodeJson<Alert>(bytes);
  if (!alert) return undefined;
  const { value, cause } = alert;
  const moved = cause?.moved.map((one) => ({
    ...one,
    now: numberOf(one.now),
    usual: numberOf(one.usual),
    score: numberOf(one.score),
  }));
  return { ...alert, value: numberOf(value), cause: cause && { ...cause, moved: moved ?? [] } };
}

export function encodeNotification(notification: Notification): Uint8Array {
  return encodeJson({ ...notification, alerts: notification.alerts.map(withValue(written)) });
}

/** undefined when it cannot be read. */
export function decodeNotification(bytes: Uint8Array): Notification | undefined {
  const notification = decodeJson<Notification>(bytes);
  return notification && { ...notification, alerts: notification.alerts.map(withValue(numberOf)) };
}

function withValue<T>(convert: (value: number) => T) {
  return (alert: NotifiedAlert) => ({ ...alert, value: convert(alert.value) });
}

function written(value: number): Written {
  if (Number.isFinite(value)) return value;
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : 'NaN';
}

function numberOf(value: Written): number {
  if (typeof value === 'number') return value;
  return value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number.NaN;
}
