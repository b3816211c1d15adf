'use strict';
// A shop on Express 4, as such applications are: CommonJS, routers in routers, an error handler of its own. It knows
// nothing of any agent. Prints its port as JSON when it listens.
const express = require('express');

const app = express();
const shops = express.Router();
const orders = express.Router({ mergeParams: true });

app.use(express.json());
app.get('/', (_request, response) => response.send('a shop'));
app.get('/slow', (_request, response) => {
  setTimeout(() => response.json({ ok: true }), 20 + Math.random() * 40);
});

orders.get('/', (request, response) => response.json({ shop: request.params.shop, orders: [] }));
orders.get('/:order', (request, response) => response.json(request.params));
orders.post('/:order/refund', (request) => {
  const payments = new Map();
  payments.get(request.params.order).refund();
});
shops.use('/:shop/orders', orders);
app.use('/shops', shops);

app.use((error, _request, response, _next) => {
  response.status(error.status || 500).json({ error: 'sorry' });
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
process.on('SIGTERM', () => server.close(() => process.exit(0)));
