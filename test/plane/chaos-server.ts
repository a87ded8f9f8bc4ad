/** A server that misbehaves at random, and whose whole answers always echo the request's id. */
import type { ByteStream } from '../kit/byte-stream.ts';
import { field } from '../kit/http-message.ts';
import type { Message } from '../kit/http-message.ts';
import { Origin } from '../kit/origin.ts';
import { delay } from '../kit/wait.ts';
import type { Random } from './random.ts';

/** Waits as long as any test lasts. */
const LONG_MS = 600_000;

/** Filler of answers: the id over and over, so that foreign bytes are seen. */
export function fillerOf(id: string, bytes: number): string {
  return `${id};`.repeat(Math.ceil(bytes / (id.length + 1))).slice(0, bytes);
}

export async function startChaosServer(random: Random): Promise<Origin> {
  return Origin.start(async (connection) => {
    for (;;) {
      const early = random.chance(6);
      if (early) {
        if (await answerEarly(connection, random)) return;
        continue;
      }
      const request = await connection.readMessage('request', LONG_MS);
      if (!(await answer(connection, request, random))) return;
      // The stream keeps all that it has received: a long soak needs it short.
      connection.received = connection.received.subarray(connection.position);
      connection.position = 0;
    }
  });
}

/** Answers after the head alone; true when the connection is over. */
async function answerEarly(connection: ByteStream, random: Random): Promise<boolean> {
  const start = connection.position;
  const head = await connection.readUntil('\r\n\r\n', LONG_MS);
  const id = /x-id: (\S+)/i.exec(head)?.[1] ?? 'none';
  const hasBody = /content-length|transfer-encoding/i.test(head);
  const isHead = head.startsWith('HEAD');
  const body = fillerOf(id, random.int(2_000));
  const status = random.pick([200, 413]);
  const closes = random.chance(30);
  const lines = [
    `HTTP/1.1 ${status} X`,
    `X-Id: ${id}`,
    `Content-Length: ${body.length}`,
    ...(closes ? ['Connection: close'] : []),
  ];
  await connection.write(`${lines.join('\r\n')}\r\n\r\n${isHead ? '' : body}`);
  if (closes) {
    if (random.chance(50)) connection.destroy();
    else connection.end();
    return true;
  }
  if (hasBody) {
    // The body is read after its answer, as a part of the same message.
    connection.position = start;
    await connection.readMessage('request', LONG_MS);
  }
  return false;
}

/** Answers one request; false when the connection is over. */
async function answer(connection: ByteStream, request: Message, random: Random): Promise<boolean> {
  const id = field(request, 'x-id') ?? 'none';
  const kind = random.int(100);
  if (kind < 3) return over(connection, random);
  if (kind < 5) {
    // Nothing is ever said: the limit for the first byte ends it.
    await connection.closed(LONG_MS);
    return false;
  }
  if (field(request, 'upgrade') !== undefined) return upgrade(connection, id, random);
  if (kind < 15) await delay(random.int(60));
  if (kind < 20) await connection.write('HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n');
  const status = kind < 25 ? 503 : random.pick([200, 200, 200, 204, 404]);
  const size = random.pick([0, 1, 40, 3_000, 70_000, random.chance(10) ? 1_500_000 : 10_000]);
  const text = fillerOf(id, size);
  const head = [`HTTP/1.1 ${status} X`, `X-Id: ${id}`, `X-Body: ${request.body.length}`];
  const hasBody = status !== 204 && request.method !== 'HEAD';
  const form = random.int(10);
  if (form < 4 && status !== 204) {
    if (random.chance(50)) head.push('Connection: keep-alive');
    head.push('Transfer-Encoding: chunked');
    const parts = hasBody ? chunksOf(text, random) : [];
    return send(connection, [`${head.join('\r\n')}\r\n\r\n`, ...parts], random);
  }
  if (form === 4 && hasBody) {
    head.push('Connection: close');
    await send(connection, [`${head.join('\r\n')}\r\n\r\n`, text], random, 0);
    connection.end();
    return false;
  }
  if (status !== 204) head.push(`Content-Length: ${text.length}`);
  const closes = random.chance(10);
  if (closes) head.push('Connection: close');
  const goesOn = await send(
    connection,
    [`${head.join('\r\n')}\r\n\r\n`, hasBody ? text : ''],
    random,
  );
  if (goesOn && !closes) {
    // A server that closes its idle connections is what stale ones come from.
    if (random.chance(5)) return over(connection, random);
    return true;
  }
  connection.end();
  return false;
}

function over(connection: ByteStream, random: Random): boolean {
  if (random.chance(50)) connection.reset();
  else connection.end();
  return false;
}

function chunksOf(text: string, random: Random): string[] {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const size = 1 + random.int(random.pick([10, 5_000, 40_000]));
    const part = text.slice(at, at + size);
    parts.push(`${part.length.toString(16)}\r\n${part}\r\n`);
    at += size;
    if (parts.length > 200) {
      const rest = text.slice(at);
      if (rest !== '') parts.push(`${rest.length.toString(16)}\r\n${rest}\r\n`);
      break;
    }
  }
  parts.push('0\r\n\r\n');
  return parts;
}

/** Sends the parts in random pieces; may break off. False when the connection is over. */
async function send(
  connection: ByteStream,
  parts: readonly string[],
  random: Random,
  breaksPercent = 4,
): Promise<boolean> {
  const text = parts.join('');
  const breaks = random.chance(breaksPercent);
  const end = breaks ? random.int(text.length) : text.length;
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  let at = 0;
  if (random.chance(30)) {
    // The head alone, or cut in two.
    const cut = random.chance(50) ? headEnd : 1 + random.int(headEnd);
    at = Math.min(cut, end);
    await connection.write(text.slice(0, at));
    await delay(random.int(8));
  }
  while (at < end) {
    const size = random.chance(70) ? end - at : 1 + random.int(30_000);
    await connection.write(text.slice(at, Math.min(at + size, end)));
    at += size;
    if (at < end && random.chance(40)) await delay(random.int(5));
  }
  if (!breaks) return true;
  if (random.chance(20)) await connection.closed(LONG_MS);
  return over(connection, random);
}

/** Switches protocols and sends back what comes. */
async function upgrade(connection: ByteStream, id: string, random: Random): Promise<boolean> {
  const lines = ['HTTP/1.1 101 X', `X-Id: ${id}`, 'Connection: upgrade', 'Upgrade: echo'];
  await connection.write(`${lines.join('\r\n')}\r\n\r\n`);
  const { socket } = connection;
  socket.write(connection.received.subarray(connection.position));
  socket.pipe(socket, { end: random.chance(80) });
  await connection.closed(LONG_MS);
  return false;
}
