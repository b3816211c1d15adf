/** The value between a sample and the next; a counter that was reset between them starts at 0. */
export function interpolated(
  samples: { readonly timestampsMs: Float64Array; readonly values: Float64Array },
  index: number,
  timeMs: number,
  isCounter: boolean,
): number {
  const { timestampsMs: times, values } = samples;
  const next = values[index + 1]!;
  const base = isCounter && next < values[index]! ? 0 : values[index]!;
  return base + ((next - base) * (timeMs - times[index]!)) / (times[index + 1]! - times[index]!);
}
