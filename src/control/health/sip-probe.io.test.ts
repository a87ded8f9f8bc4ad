import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { freePort } from '../../../test/kit/free-ports.ts';
import { endWithUs, exitOf } from '../../../test/kit/processes.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { until } from '../../../test/kit/wait.ts';
import type { SipProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';
import { byteByByte, closing, drip, endless, resetting, talking } from './test-behaviours.ts';
import type { Behaviour } from './test-behaviours.ts';
import { ipv4 } from './test-plan.ts';
import { runAgainst, runOnce } from './test-run.ts';
import { silent } from './test-server.ts';

const UDP: SipProbePlan = { kind: 'sip', transport: 'udp', uri: '', statuses: [[200, 299]] };
const TCP: SipProbePlan = { ...UDP, transport: 'tcp' };

/** The answer to a request with this status: its own Via, From, To, Call-ID and CSeq. */
function answerTo(request: string, status = '200 OK'): string {
  const kept = request.split('\r\n').filter((line) => /^(?:Via|From|To|Call-ID|CSeq):/.test(line));
  return `SIP/2.0 ${status}\r\n${kept.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`;
}

/** The same for another question. */
function foreignTo(request: string): string {
  return answerTo(request).replace('Call-ID: ', 'Call-ID: 0');
}

type Reply = (request: string, from: RemoteInfo, socket: Socket) => readonly string[];

/** A UDP server that sends back what `reply` says. */
async function serve(t: TestContext, reply: Reply, host = '127.0.0.1'): Promise<BindPlan> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (datagram, from) => {
    for (const text of reply(datagram.toString('latin1'), from, socket)) {
      socket.send(Buffer.from(text, 'latin1'), from.port, from.address, () => undefined);
    }
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  t.after(() => socket.close());
  const { port } = socket.address();
  return host.includes(':') ? { family: 'ipv6', host, port } : ipv4(host, port);
}

const UDP_CASES: readonly (readonly [string, Reply, ProbeReason, RegExp])[] = [
  ['an answer', (request) => [answerTo(request)], 'check-passed', /^status 200$/],
  ['an answer twice', (request) => [answerTo(request), answerTo(request)], 'check-passed', /200/],
  [
    'a provisional answer first',
    (request) => [answerTo(request, '100 Trying'), answerTo(request)],
    'check-passed',
    /200/,
  ],
  [
    'answers to other questions, a request and garbage first',
    (request) => [foreignTo(request), request, '\0garbage', '', '\r\n\r\n', answerTo(request)],
    'check-passed',
    /^status 200$/,
  ],
  [
    'another status',
    (request) => [answerTo(request, '503 No')],
    'status',
    /^status 503, expected 200-299$/,
  ],
  ['silence', () => [], 'timeout', /^no full answer within 150 ms$/],
  [
    'a foreign answer alone',
    (request) => [foreignTo(request)],
    'timeout',
    /150 ms, 1 message was no answer to it$/,
  ],
  [
    'garbage alone',
    () => ['\0', 'x'.repeat(60_000)],
    'timeout',
    /2 messages were no answer to it$/,
  ],
  [
    'garbage without end',
    () => Array<string>(200).fill('x'),
    'protocol',
    /^64 messages and no answer/,
  ],
];

for (const [name, reply, reason, detail] of UDP_CASES) {
  test(`sipProbe over UDP ends with ${reason}: ${name}`, async (t) => {
    const address = await serve(t, reply);
    const result = await runOnce(address, UDP, reason === 'timeout' ? 150 : 5000);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  });
}

test('sipProbe over UDP fails as connect-refused where nobody listens', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  assert.equal((await runOnce(ipv4('127.0.0.1', port), UDP)).reason, 'connect-refused');
});

test('sipProbe over UDP drops what comes from another address', async (t) => {
  const other = createSocket('udp4').bind(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const address = await serve(t, (request, from) => {
    other.send(answerTo(request), from.port, from.address);
    return [];
  });
  const result = await runOnce(address, UDP, 150);
  assert.deepEqual([result.reason, result.detail], ['timeout', 'no full answer within 150 ms']);
});

test('sipProbe over UDP asks again what was lost, in the same transaction', async (t) => {
  const requests: string[] = [];
  const address = await serve(t, (request) => {
    requests.push(request);
    return requests.length < 3 ? [] : [answerTo(request)];
  });
  const result = await runOnce(address, UDP, 10_000);
  assert.equal(result.reason, 'check-passed');
  // After T1 and twice T1 (RFC 3261 §17.1.2.2).
  assert.ok(result.durationMs >= 1490, `${result.durationMs} ms`);
  assert.deepEqual(new Set(requests).size, 1);
});

test('sipProbe tells its own address and asks for the configured URI', async (t) => {
  let seen = '';
  let port = 0;
  const reply: Reply = (request, from) => {
    seen = request;
    port = from.port;
    return [answerTo(request)];
  };
  const address = await serve(t, reply);
  assert.equal((await runOnce(address, UDP)).passed, true);
  const own = `127.0.0.1:${port}`;
  assert.match(seen, new RegExp(`^OPTIONS sip:127\\.0\\.0\\.1:${address.port} SIP/2\\.0\r\n`));
  assert.match(
    seen,
    new RegExp(`\r\nVia: SIP/2\\.0/UDP ${own};branch=z9hG4bK[0-9a-f]{16};rport\r\n`),
  );
  const first = seen;
  assert.equal((await runOnce(address, { ...UDP, uri: 'sips:ping@pbx.test' })).passed, true);
  assert.match(
    seen,
    /^OPTIONS sips:ping@pbx\.test SIP\/2\.0\r\n[^]*\r\nTo: <sips:ping@pbx\.test>\r\n/,
  );
  const callId = (text: string): string => /Call-ID: (.*)\r\n/.exec(text)![1]!;
  assert.notEqual(callId(first), callId(seen), 'each probe is a call of its own');
});

test('sipProbe speaks over IPv6', async (t) => {
  let seen = '';
  const reply: Reply = (request) => {
    seen = request;
    return [answerTo(request)];
  };
  const address = await serve(t, reply, '::1');
  assert.equal((await runOnce(address, UDP)).reason, 'check-passed');
  assert.ok(
    seen.startsWith(`OPTIONS sip:[::1]:${address.port} SIP/2.0\r\nVia: SIP/2.0/UDP [::1]:`),
  );
});

test('sipProbe over UDP to a unix socket is local-setup', async () => {
  const address: BindPlan = { family: 'unix', host: '/run/no', port: 0 };
  assert.equal((await runOnce(address, UDP)).reason, 'local-setup');
});

const answering = talking('', (request) => answerTo(request));
const OTHERS = talking('', (request) =>
  [
    '\r\n\r\n',
    foreignTo(request),
    request,
    answerTo(request, '180 Ringing'),
    answerTo(request),
  ].join(''),
);

const TCP_CASES: readonly (readonly [string, Behaviour, ProbeReason, RegExp])[] = [
  ['an answer', answering, 'check-passed', /^status 200$/],
  ['byte by byte', byteByByte(answering), 'check-passed', /^status 200$/],
  ['other messages first', OTHERS, 'check-passed', /^status 200$/],
  [
    'another status',
    talking('', (request) => answerTo(request, '404 Not Found')),
    'status',
    /^status 404, expected 200-299$/,
  ],
  ['garbage', talking('SSH-2.0-x\r\n\r\n', () => ''), 'protocol', /^the first line is not SIP/],
  ['a close', closing, 'closed', /^closed before the answer$/],
  ['a reset', resetting, 'reset', /ECONNRESET/],
  ['silence', silent, 'timeout', /within 150 ms$/],
  ['a drip', drip('SIP/2.0 200 ', 10), 'timeout', /within 150 ms$/],
  [
    'a head without end',
    endless('SIP/2.0 200 OK\r\n', 'A: b\r\n'.repeat(1000)),
    'too-large',
    /8192/,
  ],
  ['empty lines without end', endless('', '\r\n'.repeat(5000)), 'too-large', /./],
  [
    'messages without end',
    endless('', answerTo('Call-ID: 1\r\n').repeat(20)),
    'protocol',
    /^64 messages and no answer among them$/,
  ],
];

for (const [name, behave, reason, detail] of TCP_CASES) {
  test(`sipProbe over TCP ends with ${reason}: ${name}`, async () => {
    const result = await runAgainst(behave, TCP, reason === 'timeout' ? 150 : 5000);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  });
}

/** Answers each OPTIONS with 200. */
const SCENARIO = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="options">
  <recv request="OPTIONS"></recv>
  <send>
    <![CDATA[
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]SIPpTag[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port];transport=[transport]>
      Allow: INVITE, ACK, BYE, CANCEL, OPTIONS
      Content-Length: 0

    ]]>
  </send>
</scenario>
`;

/** The exit status is 99 where it prints its version. */
const hasSipp = spawnSync('sipp', ['-v']).status === 99;

async function passesSoon(address: BindPlan, plan: SipProbePlan): Promise<ProbeResult> {
  return until(
    async () => {
      const result = await runOnce(address, plan, 2000);
      return result.reason === 'connect-refused' ? null : result;
    },
    { what: 'sipp listens' },
  );
}

for (const plan of [UDP, TCP]) {
  const skip = hasSipp ? false : 'needs sipp';
  test(`sipProbe passes with sipp over ${plan.transport}`, { skip }, async (t) => {
    const folder = new TempDir();
    t.after(() => folder[Symbol.dispose]());
    writeFileSync(folder.file('options.xml'), SCENARIO);
    const port = await freePort();
    const transport = plan.transport === 'udp' ? 'u1' : 't1';
    const args = ['-sf', 'options.xml', '-i', '127.0.0.1', '-p', String(port), '-t', transport];
    const child = spawn('sipp', [...args, '-nostdin'], { cwd: folder.path, stdio: 'ignore' });
    endWithUs(child);
    t.after(async () => {
      child.kill('SIGKILL');
      await exitOf(child);
    });
    const first = await passesSoon(ipv4('127.0.0.1', port), plan);
    assert.equal(first.reason, 'check-passed', first.detail);
    const again = await runOnce(ipv4('127.0.0.1', port), plan);
    assert.equal(again.reason, 'check-passed', again.detail);
    const strict = await runOnce(ipv4('127.0.0.1', port), { ...plan, statuses: [[404, 404]] });
    assert.equal(strict.detail, 'status 200, expected 404');
  });
}
