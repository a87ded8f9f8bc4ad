/** Runs one hazard against a proxy and tells what was seen on both sides of it. */
import { connectTo } from '../kit/byte-stream.ts';
import type { ByteStream } from '../kit/byte-stream.ts';
import { readMessage } from '../kit/http-message.ts';
import { Origin } from '../kit/origin.ts';
import { delay, until, WAIT_MS } from '../kit/wait.ts';
import { OK } from './hazard-case.ts';
import type { Ending, HazardCase, Outcome } from './hazard-case.ts';

const PROBE = 'GET /probe HTTP/1.1\r\nHost: a\r\n\r\n';
const PROBE_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe';

/** While measuring: this long without a byte means that nothing more comes, in ms. */
const SILENCE_MS = 800;
/** While measuring: as long as the other proxies' own time limits and more, in ms. */
const FIRST_ANSWER_MS = 4_000;

/** What is known to come, so that nothing has to be waited for in vain. */
export type Foreseen = { readonly answers: number; readonly ending: Ending };

/** What was seen, and all that the client received. */
export type Seen = Outcome & { readonly client: string; readonly connections: number };

async function serveConnection(of: HazardCase, connection: ByteStream): Promise<void> {
  for (;;) {
    let isProbe = false;
    try {
      isProbe = (await connection.readMessage('request', 600_000)).target === '/probe';
    } catch (error) {
      if (connection.ending !== 'open') throw error;
      // A request that is no valid HTTP is answered as well: the proxy passed it on.
      connection.position = connection.received.length;
    }
    await connection.write(isProbe ? PROBE_ANSWER : (of.answer ?? OK));
    if (of.answerThenClose === true && !isProbe) {
      connection.end();
      return;
    }
  }
}

/** The server of one case: its script or answer, and an answer to the probe. */
export function startCaseOrigin(of: HazardCase): Promise<Origin> {
  return Origin.start(async (connection, index) => {
    if (index === 0 && of.script !== undefined) await of.script(connection, index);
    await serveConnection(of, connection);
  });
}

/** Splits what the client received into answers; see `Outcome.answers`. */
function readAnswers(bytes: Buffer, isHead: boolean, isClosed: boolean): string[] {
  const answers: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const rest = bytes.subarray(at);
    const text = rest.toString('latin1');
    if (!text.startsWith('HTTP/1.')) return [...answers, 'raw'];
    let message;
    try {
      message = readMessage(rest, isHead ? 'head-response' : 'response', isClosed);
    } catch {
      return [...answers, `${text.slice(9, 12)} broken`];
    }
    if (message === undefined) {
      if (isClosed) answers.push(`${text.slice(9, 12)} cut`);
      return answers;
    }
    const body =
      message.status >= 200 && message.status < 300 ? message.body.toString('latin1') : '';
    answers.push(body === '' ? String(message.status) : `${message.status} ${body}`);
    at += message.size;
  }
  return answers;
}

async function awaitAnswers(
  client: ByteStream,
  of: HazardCase,
  foreseen: Foreseen | undefined,
): Promise<void> {
  const isHead = of.isHead === true;
  const answers = (): string[] => readAnswers(client.received, isHead, client.ending !== 'open');
  if (foreseen !== undefined) {
    const { ending } = foreseen;
    const isDone = (): boolean =>
      client.ending !== 'open' || (ending === 'open' && answers().length >= foreseen.answers);
    try {
      await until(isDone, { what: `${foreseen.answers} answers, then ${ending}` });
    } catch (error) {
      throw new Error(`got ${JSON.stringify(client.text.slice(0, 300))}`, { cause: error });
    }
    return;
  }
  let seenBytes = -1;
  let quietMs = 0;
  const started = performance.now();
  while (client.ending === 'open') {
    if (client.received.length !== seenBytes) quietMs = 0;
    seenBytes = client.received.length;
    await delay(50);
    quietMs += 50;
    const isFinal = !(answers().at(-1) ?? '1').startsWith('1');
    if (quietMs > SILENCE_MS && (isFinal || performance.now() - started > FIRST_ANSWER_MS)) return;
  }
}

/** Whether the connection answers one request more. */
async function probe(client: ByteStream, foreseen: Foreseen | undefined): Promise<Ending> {
  if (client.ending !== 'open') return 'closed';
  const before = client.received.length;
  await client.write(PROBE);
  const isAnswered = (): boolean => client.text.slice(before).includes('\r\n\r\nprobe');
  try {
    await until(() => client.ending !== 'open' || isAnswered(), {
      what: 'an answer to the probe',
      timeoutMs: foreseen === undefined ? 4_000 : WAIT_MS,
    });
  } catch (error) {
    if (foreseen !== undefined) throw error;
    return 'closed';
  }
  return isAnswered() ? 'open' : 'closed';
}

/** Runs `of` against the proxy on `port`, whose server is `origin`. */
export async function runCase(
  of: HazardCase,
  port: number,
  origin: Origin,
  foreseen?: Foreseen,
): Promise<Seen> {
  const client = await connectTo(port);
  const connectionsBefore = origin.connections.length;
  try {
    for (const part of typeof of.send === 'string' ? [of.send] : of.send) await client.write(part);
    if (of.halfClose === true) client.end();
    await awaitAnswers(client, of, foreseen);
    const received = client.text;
    const isClosed = client.ending !== 'open';
    const server = origin.connections
      .slice(connectionsBefore)
      .map((connection) => connection.text)
      .join('');
    const ending = of.halfClose === true ? 'closed' : await probe(client, foreseen);
    return {
      answers: readAnswers(Buffer.from(received, 'latin1'), of.isHead === true, isClosed),
      ending,
      server,
      client: received,
      connections: origin.connections.length - connectionsBefore,
    };
  } finally {
    client.destroy();
  }
}
