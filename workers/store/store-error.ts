/** What went wrong, for callers to branch on. */
export type StoreErrorCode =
  /** No space on the disk. */
  | 'full'
  /** Somebody else holds a lock for too long. */
  | 'busy'
  | 'readonly'
  /** Reading or writing the file failed. */
  | 'io'
  /** The file is not a sound database. */
  | 'damaged'
  /** The file is of a newer version of the agent, or not a store at all: it is left alone. */
  | 'foreign'
  /** There is no store yet. */
  | 'missing'
  /** Another process owns the data directory. */
  | 'owned'
  /** The call does not fit the state of the store. */
  | 'refused'
  /** Anything else that SQLite says. */
  | 'sql';

/** The one error class of the embedded store. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
    this.code = code;
  }
}

/** Primary result codes, https://www.sqlite.org/rescode.html . */
const codesByResult: Readonly<Record<number, StoreErrorCode>> = {
  5: 'busy',
  6: 'busy',
  8: 'readonly',
  10: 'io',
  11: 'damaged',
  13: 'full',
  14: 'io',
  26: 'damaged',
};

/** An error of either SQLite driver as a `StoreError`; a `StoreError` stays what it is. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { errcode, rawCode, message } = error as { errcode?: number; rawCode?: number; message?: string };
  // libsql tells why a file cannot be opened in the text alone: `ConnectionFailed("…: 14")`.
  const told = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(message ?? '')?.[1];
  const code = codesByResult[Number(errcode ?? rawCode ?? told ?? 0) & 255] ?? 'sql';
  return new StoreError(code, message ?? String(error), error);
}
