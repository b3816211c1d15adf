// A service with so many events a second, of 50 routes and 200 users; `labels` makes that many routes at once, then ends.
import { monitor } from '../../agent/instrument/instrument.ts';

const [, , perSecondText, labelsText] = process.argv;
const everyMs = 10;
const each = Math.round((Number(perSecondText) * everyMs) / 1000);
let made = 0;

function make(endpoint: string): void {
  monitor.trackAPIRequest({
    timestamp: Date.now(),
    endpoint,
    method: made % 3 === 0 ? 'POST' : 'GET',
    statusCode: made % 50 === 0 ? 500 : 200,
    responseTime: 1 + ((made * 7919) % 100_000) / 1000,
    userId: `user-${made % 200}`,
  });
  made++;
}

setInterval(() => {
  for (let i = 0; i < each; i++) make(labelsText ? `/api/${made}` : `/api/contacts/${made % 50}/:id`);
  if (labelsText && made >= Number(labelsText)) process.send?.('done');
}, everyMs);
