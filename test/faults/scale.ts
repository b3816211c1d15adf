export const isFull = process.env.NOVA_FAULTS === 'full';

/** How much of a fault is tried: a sample with every test run, all of it with `npm run faults`. */
export function scale(sample: number, full: number): number {
  return isFull ? full : sample;
}
