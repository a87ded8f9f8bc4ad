// A server for tests: answers every byte with its name; "push" makes it send by itself for ever.
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';

const [name = '', port = '8080', host = '::'] = process.argv.slice(2);
createServer((socket) => {
  socket.setNoDelay(true);
  let timer: NodeJS.Timeout | null = null;
  socket.on('data', (data) => {
    if (data.includes('push')) timer ??= setInterval(() => socket.write(name), 50);
    socket.write(`${name}\n`);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (timer !== null) clearInterval(timer);
  });
}).listen({ port: Number(port), host }, () => process.stdout.write('listening\n'));
const udp = createSocket('udp6');
udp.on('message', (_, from) => udp.send(name, from.port, from.address));
udp.bind(Number(port));
