// An ordinary Express 4 application that knows nothing of the agent.
const express = require('express4');
const { users } = require('./express4-users.cjs');

const app = express();
app.use(express.json());
app.use((req, _res, next) => {
  if (req.headers['x-user']) req.user = { id: req.headers['x-user'] };
  next();
});
app.use('/orgs/:org/users', users);
app.get('/', (_req, res) => res.json({ hello: 'world' }));
app.get('/thrown/:id', (req) => {
  throw new TypeError(`no such thing: ${req.params.id}`);
});
app.get('/passed', (_req, _res, next) => next(new Error('passed on')));
app.get('/answered', (_req, _res, next) => next(Object.assign(new Error('answered'), { own: true })));
app.get('/slow', () => {});
app.get('/inside', (req, res) => res.type('text').send(Object.keys(req).concat(Object.keys(res)).join()));
app.get('/events', (_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.write('data: 1\n\n');
  setTimeout(() => res.end(), 20);
});
app.get('/crash', () => {
  process.nextTick(() => {
    throw new RangeError('the end');
  });
});
app.get('/exit', (_req, res) => {
  res.on('close', () => process.exit(7));
  res.end('bye');
});
app.use((err, _req, res, next) => {
  if (!err.own) return next(err);
  res.status(503).json({ error: err.message });
});

const server = app.listen(0, '127.0.0.1', () => {
  if (process.send) process.send(server.address().port);
});
