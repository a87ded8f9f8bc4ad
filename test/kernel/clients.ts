// Clients for tests: connections that ping-pong, that idle, and that are only pushed to. Commands on
// standard input: "check" says how many live: those from whom an answer came after the command; with
// "speak" those that are pushed to say something first, as keepalive does.
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [host = '', port = '80', each = '100'] = process.argv.slice(2);
type Client = { readonly kind: string; readonly socket: Socket; answers: number; fault: string };
const clients: Client[] = [];

function open(kind: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const client: Client = { kind, socket, answers: 0, fault: '' };
    clients.push(client);
    socket.setNoDelay(true);
    socket.once('data', () => resolve());
    socket.on('data', () => client.answers++);
    socket.on('error', (error) => {
      client.fault = error.message;
      resolve();
    });
    socket.on('close', () => (client.fault ||= 'closed'));
    socket.on('connect', () => socket.write(kind === 'push' ? 'push' : 'hello'));
  });
}

for (let i = 0; i < Number(each); i++) {
  await Promise.all(['ping', 'idle', 'push'].map(open));
}
setInterval(() => {
  for (const { kind, socket, fault } of clients)
    if (kind === 'ping' && fault === '') socket.write('x');
}, 100);
process.stdout.write('open\n');

createInterface({ input: process.stdin }).on('line', (command) => {
  if (command === 'end') return end();
  const before = clients.map(({ answers }) => answers);
  for (const { kind, socket, fault } of clients)
    if ((kind === 'idle' || command === 'speak') && fault === '') socket.write('x');
  setTimeout(() => {
    const living: Record<string, number> = { ping: 0, idle: 0, push: 0 };
    for (const [i, { kind, answers, fault }] of clients.entries()) {
      if (fault === '' && answers > before[i]!) living[kind]!++;
    }
    process.stdout.write(`${JSON.stringify(living)}\n`);
  }, 3_000);
});

/** Ends all connections as programs do, and this one when they are gone. */
function end(): void {
  for (const { socket } of clients) socket.end();
  setTimeout(() => process.exit(), 500);
}
