/**
 * How many distinct things a HyperLogLog has seen. `counts[k]` is the number of registers whose value is k, from 0
 * (nothing seen) to the highest value there is; their sum is the number of registers.
 *
 * HyperLogLog is of Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog: the analysis of a near-optimal cardinality
 * estimation algorithm" (2007); its standard error is 1.04 / √registers. This is the estimator of Ertl, "New
 * cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6, as Redis has it: for few things
 * as good as the linear counting of the first paper, and without the bias where that one changes over.
 */
export function estimateDistinct(counts: Uint32Array): number {
  let registers = 0;
  for (const count of counts) registers += count;
  if (counts[0] === registers) return 0;
  const highest = counts.length - 1;
  let z = registers * tau(1 - counts[highest]! / registers);
  for (let k = highest - 1; k >= 1; k--) z = 0.5 * (z + counts[k]!);
  z += registers * sigma(counts[0]! / registers);
  return registers ** 2 / (2 * Math.LN2 * z);
}

/** x + Σ x^(2^k) · 2^(k − 1), k from 1. */
function sigma(x: number): number {
  let power = x;
  let factor = 1;
  let sum = x;
  for (let before = Number.NaN; before !== sum; factor *= 2) {
    power *= power;
    before = sum;
    sum += power * factor;
  }
  return sum;
}

/** (1 − x − Σ (1 − x^(2^−k))² · 2^−k, k from 1) / 3. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let root = x;
  let factor = 1;
  let sum = 1 - x;
  for (let before = Number.NaN; before !== sum; ) {
    root = Math.sqrt(root);
    factor *= 0.5;
    before = sum;
    sum -= (1 - root) ** 2 * factor;
  }
  return sum / 3;
}
