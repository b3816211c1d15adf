const pattern =
  /^(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/;
const unitsMs = [31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1000, 1];
/** 2⁶³ nanoseconds: what Go's durations hold. */
const mostMs = 2 ** 63 / 1_000_000;

/**
 * Milliseconds of `1d2h`, `90s`, `0`; undefined when it is no duration: the units y, w, d, h, m, s, ms in this order, each
 * with a whole number (prometheus/common model/time.go, `ParseDuration`).
 */
export function parseRuleDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const match = pattern.exec(text);
  if (!match || text === '') return undefined;
  const ms = unitsMs.reduce((sum, unitMs, i) => sum + Number(match[i + 1] ?? 0) * unitMs, 0);
  return ms < mostMs ? ms : undefined;
}
