import { reportedPart } from '../../../workers/contract/wire.ts';
import type { Recorder } from '../recorder.ts';
import { messageOf, quietly, sharedOnce } from './safety.ts';

/** One operation of a Prisma client, as `$allOperations` is told of it. */
interface PrismaOperation {
  readonly model?: string | undefined;
  readonly operation: string;
  readonly args: unknown;
  readonly query: (args: never) => PromiseLike<unknown>;
}

/** What `$extends` takes: it adds nothing to the client, so that the client's types stay as they are. */
export interface PrismaExtension {
  readonly name: string;
  readonly query: { $allOperations(call: PrismaOperation): Promise<unknown> };
}

/** Set once Prisma's own tracing tells of every operation: then the extension has nothing to add. */
const tracing = sharedOnce('prisma', () => ({ isTold: false }));

/** Times every operation of a client of Prisma 6 and 7, failures too; results and errors pass as they are. */
export function createPrismaExtension(recorder: Recorder): PrismaExtension {
  recorder.reports(reportedPart.DB);
  return {
    name: 'nova-agent',
    query: {
      $allOperations({ model, operation, args, query }) {
        if (tracing.isTold) return query(args as never) as Promise<unknown>;
        const startMs = performance.now();
        const result = query(args as never) as Promise<unknown>;
        try {
          const text = model === undefined ? sqlOf(args) : '';
          watch(recorder, result, model ?? '', operation, text, startMs);
        } catch (error) {
          quietly('Prisma', error);
        }
        return result;
      },
    },
  };
}

function watch(
  recorder: Recorder,
  result: PromiseLike<unknown>,
  model: string,
  operation: string,
  text: string,
  startMs: number,
): void {
  const elapsedUs = (): number => Math.round((performance.now() - startMs) * 1000);
  result.then(
    () => recorder.query(model, operation, text, elapsedUs(), Date.now(), false, ''),
    (error: unknown) =>
      recorder.query(model, operation, text, elapsedUs(), Date.now(), true, messageOf(error)),
  );
}

/** The text of a raw query: of a tagged template without its values, otherwise as it was written. */
function sqlOf(args: unknown): string {
  try {
    const { strings } = args as { strings?: unknown };
    if (Array.isArray(strings)) return strings.join('?');
    return Array.isArray(args) && typeof args[0] === 'string' ? args[0] : '';
  } catch {
    return '';
  }
}

/** What Prisma asks for tracing; see `ActiveTracingHelper` of @prisma/instrumentation. */
interface TracingHelper {
  isEnabled(): boolean;
  getTraceParent(context?: unknown): string;
  dispatchEngineSpans(...args: unknown[]): void;
  getActiveContext(): unknown;
  runInChildSpan(span: unknown, callback: (...args: unknown[]) => unknown): unknown;
}

interface Holder {
  readonly helper?: TracingHelper;
}

/** Where clients of Prisma look for tracing, the first before the second. */
const names = ['V6_PRISMA_INSTRUMENTATION', 'V7_PRISMA_INSTRUMENTATION', 'PRISMA_INSTRUMENTATION'] as const;

/**
 * Times the operations of every Prisma client of the process: each passes through the tracing helper, which does
 * nothing else here. Tracing that the service installs itself goes on behind it.
 */
export function observePrisma(recorder: Recorder): void {
  const globals = globalThis as unknown as Record<string, Holder | undefined>;
  for (const name of names) {
    try {
      let theirs = globals[name];
      // The general place answers for all that have none of their own.
      const isGeneral = name === 'PRISMA_INSTRUMENTATION';
      let shown = theirs !== undefined || isGeneral ? { helper: helperBefore(recorder, theirs) } : undefined;
      Object.defineProperty(globalThis, name, {
        configurable: true,
        enumerable: false,
        get: () => shown,
        set: (value: Holder | undefined) => {
          theirs = value;
          shown = value !== undefined || isGeneral ? { helper: helperBefore(recorder, value) } : undefined;
        },
      });
    } catch (error) {
      quietly('Prisma', error);
    }
  }
}

function helperBefore(recorder: Recorder, holder: Holder | undefined): TracingHelper {
  const theirs = () => holder?.helper;
  return {
    isEnabled: () => theirs()?.isEnabled() ?? false,
    // The answers of Prisma's own helper where tracing is off.
    getTraceParent: (context) => theirs()?.getTraceParent(context) ?? '00-10-10-00',
    dispatchEngineSpans: (...args) => theirs()?.dispatchEngineSpans(...args),
    getActiveContext: () => theirs()?.getActiveContext(),
    runInChildSpan(span, callback) {
      const startMs = performance.now();
      const helper = theirs();
      const result = helper === undefined ? callback() : helper.runInChildSpan(span, callback);
      try {
        told(recorder, span, result, startMs);
      } catch (error) {
        quietly('Prisma', error);
      }
      return result;
    },
  };
}

function told(recorder: Recorder, span: unknown, result: unknown, startMs: number): void {
  const { name, attributes } = span as { name?: string; attributes?: { method?: string; model?: string } };
  if (name !== 'operation' || attributes?.method === undefined || !(result instanceof Promise)) return;
  if (!tracing.isTold) {
    tracing.isTold = true;
    recorder.reports(reportedPart.DB);
  }
  const { model, method } = attributes;
  watch(recorder, result, model ?? '', model === undefined ? `$${method}` : method, '', startMs);
}
