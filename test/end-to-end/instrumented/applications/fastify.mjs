// An ordinary Fastify application that knows nothing of the agent.
import Fastify from 'fastify';

const app = Fastify();
app.addHook('onRequest', async (request) => {
  if (request.headers['x-user']) request.user = { sub: request.headers['x-user'] };
});
app.get('/', async () => ({ hello: 'world' }));
app.register(
  async (users) => {
    users.get('/:id', async (request) => ({ ...request.params }));
    users.post('/', async (request, reply) => reply.status(201).send(request.body));
  },
  { prefix: '/orgs/:org/users' },
);
app.get('/thrown/:id', async (request) => {
  throw new TypeError(`no such thing: ${request.params.id}`);
});
app.get(
  '/answered',
  { errorHandler: (error, _request, reply) => reply.status(503).send({ error: error.message }) },
  () => {
    throw new Error('answered');
  },
);
app.get('/slow', () => new Promise(() => {}));
app.get('/crash', () => {
  process.nextTick(() => {
    throw new RangeError('the end');
  });
  return new Promise(() => {});
});
app.get('/exit', (_request, reply) => {
  reply.raw.on('close', () => process.exit(7));
  reply.send('bye');
});

await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.(app.server.address().port);
