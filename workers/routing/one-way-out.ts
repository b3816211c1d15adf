import type { Routing } from '../contract/alerts.ts';

/** Each receiver with one way out: whom it would reach is asked, not how. */
export function oneWayOut(routing: Routing): Routing {
  return {
    ...routing,
    receivers: routing.receivers.map(({ name, integrations }) => {
      const sendResolved = integrations.length === 0 || integrations.some((one) => one.sendResolved);
      return { name, integrations: [{ key: 'proof/0', sendResolved }] };
    }),
  };
}
