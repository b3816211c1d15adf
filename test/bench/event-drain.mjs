// Reads frames as fast as they come and tells on stdout how many records there were, whenever asked by a line.
import { createServer } from 'node:net';

let records = 0;
createServer((socket) => {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 40 && rest.length >= rest.readUInt32LE(0)) {
      records += rest.readUInt32LE(8);
      rest = rest.subarray(rest.readUInt32LE(0));
    }
  });
}).listen(process.argv[2], () => process.stdout.write('listening\n'));
process.stdin.on('data', () => process.stdout.write(`${records}\n`));
process.stdin.on('end', () => process.exit());
