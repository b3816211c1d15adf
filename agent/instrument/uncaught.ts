/**
 * Tells of errors that nobody catches, and changes nothing about what becomes of them.
 *
 * Exceptions, and rejections that are about to end the process, come with `uncaughtExceptionMonitor`. A listener for
 * `unhandledRejection` would make Node take rejections for handled: there is one only while the application has its
 * own, which decides then.
 */
export function observeUncaught(tell: (error: unknown) => void): void {
  const rejected = (reason: unknown): void => tell(reason);
  const isOurs = (event: string | symbol, listener: unknown): boolean =>
    event !== 'unhandledRejection' || listener === rejected;
  let isListening = false;

  const listen = (): void => {
    if (isListening) return;
    isListening = true;
    process.prependListener('unhandledRejection', rejected);
  };

  process.on('uncaughtExceptionMonitor', tell);
  process.on('newListener', (event: string | symbol, listener: unknown) => {
    if (!isOurs(event, listener)) listen();
  });
  process.on('removeListener', (event: string | symbol, listener: unknown) => {
    if (event !== 'unhandledRejection') return;
    if (listener === rejected) isListening = false;
    else if (isListening && process.listenerCount('unhandledRejection') === 1)
      process.removeListener('unhandledRejection', rejected);
  });
  if (process.listenerCount('unhandledRejection') > 0) listen();
}
