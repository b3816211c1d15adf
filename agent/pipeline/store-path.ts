import { join } from 'node:path';

/** Where the embedded store lies in its data directory. */
export function storePathOf(dataDir: string): string {
  return join(dataDir, 'store.db');
}
