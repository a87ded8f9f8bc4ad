// A server of the lab: HTTP on 8080; on 8081 every byte is answered, and "push" makes it send; on 8082
// every datagram comes back.
import { createSocket } from 'node:dgram';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:net';

const udp = createSocket('udp4');
udp.on('message', (message, from) => udp.send(message, from.port, from.address));
udp.on('error', () => {});
udp.bind(8082);
const name = process.argv[2] ?? '';
createHttp((_, answer) => answer.end(name)).listen({ port: 8080, host: '::' });
createServer((socket) => {
  socket.setNoDelay(true);
  let timer: NodeJS.Timeout | null = null;
  socket.on('data', (data) => {
    if (data.includes('push')) timer ??= setInterval(() => socket.write(name), 100);
    socket.write(`${name}\n`);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (timer !== null) clearInterval(timer);
  });
}).listen({ port: 8081, host: '::' }, () => process.stdout.write('listening\n'));
