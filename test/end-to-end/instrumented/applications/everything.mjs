// An application of all parts, in ESM. INSTRUMENT names the library, where it loads that itself.
import { createServer } from 'node:http';
import { Queue, QueueEvents, Worker } from 'bullmq';
import express from 'express';
import { Server } from 'socket.io';

const { monitor } = process.env.INSTRUMENT ? await import(process.env.INSTRUMENT) : {};
const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
const app = express();
if (monitor) app.use(monitor.express());
app.set('env', 'test');
const server = createServer(app);
const io = new Server(server);
if (monitor) monitor.socketIo(io);

io.on('connection', (socket) => {
  socket.on('ask', (value, done) => done(value));
  socket.on('crash', () => {
    throw new Error('in a handler');
  });
  socket.on('tell', () => io.emit('told'));
});

const queue = new Queue('mail', { connection });
const events = new QueueEvents('mail', { connection });
new Worker(
  'mail',
  async (job) => {
    if (job.name === 'broken') throw new Error('no address');
  },
  { connection },
);
await events.waitUntilReady();

app.post('/jobs/:name', async (req, res) => {
  const job = await queue.add(req.params.name, {});
  await job.waitUntilFinished(events).catch(() => {});
  res.sendStatus(202);
});
app.get('/things/:id', (_req, res) => {
  res.json({});
});
app.get('/broken/:id', async () => {
  throw new Error('rejected');
});

server.listen(0, '127.0.0.1', () => process.send?.(server.address().port));
