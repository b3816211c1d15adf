export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Facts beside a message: `{sink: 'main', status: 503}`. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/**
 * A log of one line a message, `2026-01-31T12:00:00.000Z warn message key=value`, on standard error by default:
 * standard output belongs to results. Line breaks in values are escaped, so that a line is always one line.
 */
export function createLog(
  level: LogLevel,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const threshold = logLevels.indexOf(level);
  const at = (name: LogLevel) => {
    const enabled = logLevels.indexOf(name) >= threshold;
    return (message: string, fields: LogFields = {}): void => {
      if (!enabled) return;
      let line = `${new Date().toISOString()} ${name} ${oneLine(message)}`;
      for (const [key, value] of Object.entries(fields)) {
        if (value !== undefined) line += ` ${key}=${typeof value === 'string' ? quoted(value) : value}`;
      }
      write(`${line}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/**
 * A log that says a lasting trouble once: `trouble` writes when its text changes, `over` when it ends. What would
 * otherwise repeat every tick stays two lines.
 */
export class TroubleLog {
  readonly #log: Log;
  readonly #open = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  trouble(subject: string, problem: string): void {
    if (this.#open.get(subject) === problem) return;
    this.#open.set(subject, problem);
    this.#log.warn(`${subject}: ${problem}`);
  }

  over(subject: string): void {
    if (this.#open.delete(subject)) this.#log.info(`${subject}: well again`);
  }
}

function oneLine(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}

function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
