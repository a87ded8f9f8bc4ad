// Flows of datagrams for tests: each port sends one every 50 ms. A line on standard input is answered
// with how many of them each server has answered, by its name, within half a second from then.
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [host = '', port = '80', count = '10'] = process.argv.slice(2);
const answeredBy: string[] = Array.from({ length: Number(count) }, () => '');

for (const index of answeredBy.keys()) {
  const socket = createSocket('udp4');
  socket.on('message', (answer) => (answeredBy[index] = answer.toString()));
  socket.on('error', () => {});
  socket.bind(0, () => socket.connect(Number(port), host));
  socket.on('connect', () => setInterval(() => socket.send('x', () => {}), 50));
}
setTimeout(() => process.stdout.write('open\n'), 500);

createInterface({ input: process.stdin }).on('line', () => {
  answeredBy.fill('');
  setTimeout(() => {
    const counts: Record<string, number> = {};
    for (const name of answeredBy) if (name !== '') counts[name] = (counts[name] ?? 0) + 1;
    process.stdout.write(`${JSON.stringify(counts)}\n`);
  }, 500);
});
