// Bare servers: the primary of a cluster, one worker of it, and a thread.
const cluster = require('node:cluster');
const http = require('node:http');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');

const serve = (ready) => {
  const server = http.createServer((_req, res) => res.end('ok'));
  server.listen(0, '127.0.0.1', () => ready(server.address().port));
};

if (!isMainThread) serve((port) => parentPort.postMessage(port));
else if (cluster.isWorker) serve((port) => process.send({ worker: port }));
else {
  const ports = {};
  const tell = (found) => {
    Object.assign(ports, found);
    const { own, worker, thread } = ports;
    if (own && worker && thread) process.send(ports);
  };
  serve((own) => tell({ own }));
  const child = cluster.fork();
  child.on('message', tell);
  process.on('exit', () => child.process.kill());
  process.on('SIGTERM', () => process.exit());
  new Worker(__filename).on('message', (thread) => tell({ thread }));
}
