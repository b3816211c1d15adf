/**
 * Marks that a series ended: the NaN with the bits 0x7ff0000000000002 (Prometheus, model/value/value.go). Numbers
 * in JavaScript need not keep the bits of a NaN: copy it with its array only.
 */
export function markStale(values: Float64Array, index: number): void {
  const words = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  words[0] = 2;
  words[1] = 0x7ff00000;
}
