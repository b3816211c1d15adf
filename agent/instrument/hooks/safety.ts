/** Where hooks of one process find each other, whichever copy of the library they are from. */
const registry = Symbol.for('nova-agent.hooks/1');

/** The value of `name` for this process: made by the first copy of the library that asks. */
export function sharedOnce<T extends object>(name: string, make: () => T): T {
  const holder = globalThis as { [registry]?: Record<string, object> };
  if (holder[registry] === undefined)
    Object.defineProperty(globalThis, registry, { value: Object.create(null) });
  const values = holder[registry] as Record<string, object>;
  values[name] ??= make();
  return values[name] as T;
}

/** A hook met something unknown: nobody hears of it but who asks by NOVA_AGENT_DEBUG=1. */
export function quietly(what: string, problem: unknown): void {
  if (process.env.NOVA_AGENT_DEBUG !== '1') return;
  try {
    process.stderr.write(`nova-agent: ${what}: ${messageOf(problem)}\n`);
  } catch {}
}

/** What a thrown value says; '' when it cannot be told. */
export function messageOf(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return String(error);
    const { message } = error as { message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return '';
  }
}

type AnyFunction = (this: never, ...args: never[]) => unknown;

/** Functions that were put in the place of others. */
const replacements = sharedOnce('replacements', () => new WeakSet<object>());

/**
 * Puts `wrap(original)` in the place of a method, with its name, length, prototype and property attributes. Does
 * nothing when it is ours already; throws when there is no such method.
 */
export function replaceMethod<F extends AnyFunction>(
  owner: object,
  name: string,
  wrap: (original: F) => F,
): void {
  const original = (owner as Record<string, unknown>)[name];
  if (typeof original !== 'function') throw new TypeError(`no method ${name}`);
  if (replacements.has(original)) return;
  const replacement = disguise(wrap(original as F), original as F);
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, {
    value: replacement,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false,
  });
}

/** Gives a function the name, length, prototype and own properties of the one that it stands for. */
export function disguise<F extends AnyFunction>(replacement: F, original: F): F {
  for (const key of Reflect.ownKeys(original)) {
    const own = Object.getOwnPropertyDescriptor(replacement, key);
    if (own === undefined || own.configurable)
      Object.defineProperty(replacement, key, Object.getOwnPropertyDescriptor(original, key)!);
    else if (own.writable)
      (replacement as unknown as Record<PropertyKey, unknown>)[key] = (original as never)[key];
  }
  Object.setPrototypeOf(replacement, Object.getPrototypeOf(original));
  replacements.add(replacement);
  return replacement;
}
