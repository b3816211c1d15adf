// The peer: a bare node:http server that answers each request with the same bytes, which come as the first message.
import { createServer } from 'node:http';

process.channel.ref();
process.once('message', ({ answer }) => {
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(answer),
  };
  const server = createServer((_, response) => {
    response.writeHead(200, headers);
    response.end(answer);
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
});
