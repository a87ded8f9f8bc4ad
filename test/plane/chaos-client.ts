/** A client that does at random what clients do, and notes every answer that is not its own. */
import { connectTo } from '../kit/byte-stream.ts';
import type { ByteStream } from '../kit/byte-stream.ts';
import { field } from '../kit/http-message.ts';
import type { Message } from '../kit/http-message.ts';
import { delay } from '../kit/wait.ts';
import { fillerOf } from './chaos-server.ts';
import type { Random } from './random.ts';

export type ChaosOptions = {
  readonly id: number;
  readonly port: number;
  /** When it ends, by performance.now(). */
  readonly end: number;
  readonly random: Random;
  /** What was wrong, in words. */
  readonly faults: string[];
  /** How often each thing has happened. */
  readonly tally: Map<string, number>;
};

/** No limit of the configuration is longer, in ms. */
const ANSWER_MS = 12_000;

type Sent = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly bytes: string;
};

export async function chaosClient(options: ChaosOptions): Promise<void> {
  let serial = 0;
  while (performance.now() < options.end) {
    const client = await connectTo(options.port);
    try {
      for (let i = 0; i < 30 && client.ending === 'open'; i++) {
        serial += 10;
        if (performance.now() > options.end) break;
        if (!(await act(client, `c${options.id}-${serial}`, options))) break;
      }
    } finally {
      client.destroy();
    }
  }
}

function count(options: ChaosOptions, what: string): void {
  options.tally.set(what, (options.tally.get(what) ?? 0) + 1);
}

function requestOf(id: string, random: Random): Sent {
  const method = random.pick(['GET', 'GET', 'HEAD', 'POST', 'PUT', 'PUT']);
  const path = random.pick(['/', '/limited/', '/limited/', '/own/']) + id;
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: a', `X-Id: ${id}`];
  if (random.chance(5)) lines.push('Connection: close');
  if (method === 'GET' || method === 'HEAD') {
    return { id, method, path, bytes: `${lines.join('\r\n')}\r\n\r\n` };
  }
  const body = fillerOf(id, random.pick([0, 10, 5_000, 90_000, random.chance(10) ? 900_000 : 200]));
  if (random.chance(50)) {
    lines.push(`Content-Length: ${body.length}`);
    return { id, method, path, bytes: `${lines.join('\r\n')}\r\n\r\n${body}` };
  }
  lines.push('Transfer-Encoding: chunked');
  let chunks = '';
  // The server of the test reads a message anew with each of its parts: not too many of them.
  const size = 1 + random.int(20_000) + Math.floor(body.length / 200);
  for (let at = 0; at < body.length; at += size) {
    const part = body.slice(at, at + size);
    chunks += `${part.length.toString(16)}\r\n${part}\r\n`;
  }
  return { id, method, path, bytes: `${lines.join('\r\n')}\r\n\r\n${chunks}0\r\n\r\n` };
}

/** One thing that a client does; false when its connection is over. */
async function act(client: ByteStream, id: string, options: ChaosOptions): Promise<boolean> {
  const { random } = options;
  const kind = random.int(100);
  if (kind < 5) return tunnel(client, id, options);
  const pipelined = kind < 25 ? 1 + random.int(8) : 1;
  const sent = Array.from({ length: pipelined }, (_, i) => requestOf(`${id}.${i}`, random));
  const bytes = sent.map((request) => request.bytes).join('');
  const breaks = random.chance(6);
  const end = breaks ? random.int(bytes.length) : bytes.length;
  const isSlow = random.chance(8);
  if (isSlow) client.pause();
  const writing = writeInPieces(client, bytes.slice(0, end), random);
  if (breaks) {
    await Promise.race([writing, client.closed(ANSWER_MS)]);
    count(options, 'broken');
    const ending = random.int(4);
    if (ending === 0) client.reset();
    else if (ending === 1) client.destroy();
    else if (ending === 2) client.end();
    await Promise.race([delay(random.int(1_500)), client.closed(ANSWER_MS)]);
    return false;
  }
  const isHalfClosed = random.chance(5);
  if (isHalfClosed) {
    await Promise.race([writing, client.closed(ANSWER_MS)]);
    client.end();
  }
  if (isSlow) {
    await delay(random.int(400));
    client.resume();
  }
  for (const request of sent) {
    if (random.chance(2)) {
      // Gone before its answer. Node never closes a socket that is reset while it shuts down.
      if (!isHalfClosed && random.chance(50)) client.reset();
      return false;
    }
    if (!(await takeAnswer(client, request, options))) return false;
  }
  client.received = client.received.subarray(client.position);
  client.position = 0;
  if (random.chance(3)) await delay(random.int(2_300));
  else if (random.chance(20)) await delay(random.int(20));
  return !isHalfClosed;
}

async function writeInPieces(client: ByteStream, bytes: string, random: Random): Promise<void> {
  if (random.chance(60)) {
    void client.write(bytes);
    return;
  }
  for (let at = 0; at < bytes.length && client.ending === 'open';) {
    const size = 1 + random.int(random.pick([30, 3_000, 60_000]));
    void client.write(bytes.slice(at, at + size));
    at += size;
    if (random.chance(20)) await delay(random.int(6));
    if (at > 4_000 && random.chance(30)) {
      void client.write(bytes.slice(at));
      return;
    }
  }
}

/** Takes the answer to a request; false when the connection is over. */
async function takeAnswer(client: ByteStream, sent: Sent, options: ChaosOptions): Promise<boolean> {
  let answer: Message;
  try {
    do {
      const kind = sent.method === 'HEAD' ? 'head-response' : 'response';
      answer = await client.readMessage(kind, ANSWER_MS);
    } while (answer.status < 200);
  } catch (error) {
    const text = String(error);
    if (text.includes('not within')) options.faults.push(`${sent.id}: no answer: ${text}`);
    else if (/chunk|status line|field line/.test(text.slice(0, 60))) {
      options.faults.push(`${sent.id}: ${text.slice(0, 300)}`);
    }
    count(options, 'cut');
    return false;
  }
  const wrong = faultOf(answer, sent, client.ending);
  if (wrong !== '') options.faults.push(`${sent.method} ${sent.path}: ${wrong}`);
  count(options, `status ${answer.status} ${field(answer, 'ballast-reason') ?? ''}`);
  if (wrong === '' && field(answer, 'x-id') === sent.id) count(options, 'answered');
  return wrong === '' && field(answer, 'connection') !== 'close' && client.ending === 'open';
}

/** What is wrong with an answer; empty where nothing is. */
function faultOf(answer: Message, sent: Sent, ending: string): string {
  if (field(answer, 'ballast-reason') !== undefined) {
    return /^\d{3} /.test(answer.body.toString()) || sent.method === 'HEAD' ? '' : 'a foreign page';
  }
  if (sent.path.startsWith('/own/')) {
    return sent.method === 'HEAD' || answer.body.toString() === 'own' ? '' : 'a foreign own answer';
  }
  const id = field(answer, 'x-id');
  if (id !== sent.id) return `the answer of ${id}: ${JSON.stringify(answer.head)}`;
  const body = answer.body.toString('latin1');
  if (body !== fillerOf(sent.id, body.length)) {
    return `a foreign body (${ending}): ${JSON.stringify(body.slice(0, 80))}`;
  }
  return '';
}

/** Upgrades, has some bytes echoed, and ends in some way. */
async function tunnel(client: ByteStream, id: string, options: ChaosOptions): Promise<boolean> {
  const { random } = options;
  const lines = [`GET /${id} HTTP/1.1`, 'Host: a', `X-Id: ${id}`, 'Connection: Upgrade'];
  const data = fillerOf(id, 1 + random.int(300_000));
  const early = random.chance(30) ? data : '';
  void client.write(`${lines.join('\r\n')}\r\nUpgrade: echo\r\n\r\n${early}`);
  try {
    const head = await client.readUntil('\r\n\r\n', ANSWER_MS);
    if (!head.startsWith('HTTP/1.1 101')) return false;
    if (!head.includes(`X-Id: ${id}`)) options.faults.push(`a foreign tunnel: ${head}`);
    if (early === '') void client.write(data);
    const echoed = await client.readBytes(data.length, ANSWER_MS);
    if (echoed.toString('latin1') !== data) options.faults.push(`${id}: a foreign echo`);
    count(options, 'tunnel');
  } catch (error) {
    if (String(error).includes('not within')) options.faults.push(`${id}: ${String(error)}`);
    return false;
  }
  const ending = random.int(3);
  if (ending === 0) client.end();
  else if (ending === 1) client.reset();
  await Promise.race([delay(random.int(1_500)), client.closed(ANSWER_MS)]);
  return false;
}
