/** Rounded to two decimals: finer is noise, and coarse values take less room in the store. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** `part` of `whole` in percent, rounded to 0.01; NaN when it is not known. */
export function percentOf(part: number, whole: number): number {
  return part >= 0 && whole > 0 ? hundredths((part / whole) * 100) : Number.NaN;
}
