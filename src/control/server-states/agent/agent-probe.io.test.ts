import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { freePort, portOf } from '../../../../test/kit/free-ports.ts';
import { within } from '../../../../test/kit/wait.ts';
import { AGENT_LINE_BYTES_MAX } from '../../../codec/agent-reply.ts';
import { askAgent } from './agent-probe.ts';
import type { AgentResult } from './agent-probe.ts';

type Asked = { readonly result: AgentResult; readonly received: string };

/** Asks a fake agent that does this with its connection. */
async function ask(agent: (socket: Socket) => void, send = '', timeoutMs = 5_000): Promise<Asked> {
  let received = '';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.on('error', () => {});
    agent(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = { host: '127.0.0.1', port: portOf(server), send, timeoutMs };
  const answer = new Promise<AgentResult>((resolve) => askAgent(target, resolve));
  const result = await within(answer, 'the end of the question');
  for (const socket of sockets) socket.destroy();
  server.close();
  return { result, received };
}

async function answered(agent: (socket: Socket) => void): Promise<object> {
  const { result } = await ask(agent);
  assert.equal(result.kind, 'answered', JSON.stringify(result));
  return result.kind === 'answered' ? result.reply : {};
}

async function failed(agent: (socket: Socket) => void, timeoutMs?: number): Promise<string> {
  const { result } = await ask(agent, '', timeoutMs);
  assert.equal(result.kind, 'failed', JSON.stringify(result));
  return result.kind === 'failed' ? result.detail : '';
}

test('askAgent takes a line that comes at once, in pieces, or is ended by closing', async () => {
  const expected = await answered((socket) => socket.write('drain 75%\n'));
  assert.deepEqual(await answered((socket) => socket.end('drain 75%')), expected);
  const inPieces = await answered((socket) => {
    const pieces = ['dr', 'ain', ' 7', '5%', '\r\nup\n'];
    const next = () => {
      const piece = pieces.shift();
      if (piece !== undefined) socket.write(piece, () => setTimeout(next, 5));
    };
    next();
  });
  assert.deepEqual(inPieces, expected);
});

test('askAgent sends what is to be sent, and an agent may wait for it', async () => {
  const agent = (socket: Socket) => void socket.once('data', () => socket.write('up\n'));
  const { result, received } = await ask(agent, 'be/srv\n');
  assert.equal(result.kind, 'answered');
  assert.equal(received, 'be/srv\n');
});

test('askAgent: an agent that never answers fails at the time limit', async () => {
  assert.equal(await failed(() => {}, 50), 'no whole line within 50 ms');
  assert.equal(await failed((socket) => socket.write('up'), 50), 'no whole line within 50 ms');
});

test('askAgent: an agent that closes without a word, or resets, fails', async () => {
  assert.match(await failed((socket) => socket.end()), /without a word/);
  assert.equal(await failed((socket) => socket.resetAndDestroy()), 'ECONNRESET');
});

test('askAgent: nobody at the port fails', async () => {
  const target = { host: '127.0.0.1', port: await freePort(), send: '', timeoutMs: 5_000 };
  const result = await within(
    new Promise<AgentResult>((resolve) => askAgent(target, resolve)),
    'the end of the question',
  );
  assert.deepEqual(result, { kind: 'failed', detail: 'ECONNREFUSED' });
});

test('askAgent reads no more than a line may have, of an agent that sends without end', async () => {
  const endless = (socket: Socket) => {
    const more = () => {
      while (socket.write('x'.repeat(16_384))) continue;
    };
    socket.on('drain', more);
    more();
  };
  assert.match(await failed(endless), /longer than 1024 bytes/);
  const long = 'x'.repeat(AGENT_LINE_BYTES_MAX - 1);
  assert.deepEqual(
    ((await answered((socket) => socket.write(`${long}\n`))) as { unknownWords: number })
      .unknownWords,
    1,
  );
  assert.match(await failed((socket) => socket.write(`x${long}\n`)), /longer than/);
});

test('askAgent takes garbage for words that mean nothing', async () => {
  const bytes = Buffer.from(
    Array.from({ length: 256 }, (_, i) => i).filter((b) => b !== 10 && b !== 13),
  );
  const reply = await answered((socket) => socket.end(bytes));
  assert.ok((reply as { unknownWords: number }).unknownWords > 0);
});
