import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { endWithUs, exitOf } from '../../../test/kit/processes.ts';
import type { SmtpProbePlan } from '../../config/plan-check.ts';
import type { ProbeReason, ProbeResult } from './probe.ts';
import { byteByByte, closing, drip, endless, resetting, talking } from './test-behaviours.ts';
import type { Behaviour } from './test-behaviours.ts';
import { TestCertificates, certificatesSkip, pem, tlsPlan } from './test-certificates.ts';
import { ipv4 } from './test-plan.ts';
import { runAgainst, runOnce } from './test-run.ts';
import { silent } from './test-server.ts';

const PLAIN: SmtpProbePlan = { kind: 'smtp', hello: 'ballast.test', tls: null, startTls: false };
const UNVERIFIED: SmtpProbePlan = { ...PLAIN, tls: tlsPlan({ verify: false }), startTls: true };

async function run(behave: Behaviour, plan = PLAIN, timeoutMs = 5000): Promise<ProbeResult> {
  return runAgainst(behave, plan, timeoutMs);
}

/** A mail server that says these things. */
function mail(parts: Readonly<Record<string, string>> = {}): Behaviour {
  return talking(parts['banner'] ?? '220 mail.test ready\r\n', (said) => {
    if (said === 'QUIT\r\n') return parts['quit'] ?? '221 bye\r\n';
    if (said === 'STARTTLS\r\n') return parts['startTls'] ?? '220 go\r\n';
    if (said === 'EHLO ballast.test\r\n') {
      return parts['hello'] ?? '250-mail.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n';
    }
    return `500 ${said}`;
  });
}

const CASES: readonly (readonly [string, Behaviour, ProbeReason, RegExp])[] = [
  ['a mail server', mail(), 'check-passed', /^banner 220, EHLO 250$/],
  ['one that sends byte by byte', byteByByte(mail()), 'check-passed', /^banner 220, EHLO 250$/],
  [
    'a banner of several lines',
    mail({ banner: '220-a\r\n220-b\r\n220 c\r\n' }),
    'check-passed',
    /EHLO 250/,
  ],
  [
    'a refusing banner',
    mail({ banner: '554 no\r\n' }),
    'status',
    /^the banner: code 554, expected 220/,
  ],
  ['an overloaded server', mail({ hello: '421 later\r\n' }), 'status', /^EHLO: code 421/],
  ['a refused EHLO', mail({ hello: '502 what\r\n' }), 'status', /^EHLO: code 502, expected 250$/],
  ['a QUIT that fails', mail({ quit: '500 no\r\n' }), 'status', /^QUIT: code 500, expected 221$/],
  [
    'an answer before its question',
    mail({ banner: '220 a\r\n250 b\r\n' }),
    'protocol',
    /^the banner: the server said more than it was asked for$/,
  ],
  [
    'codes that differ',
    mail({ hello: '250-a\r\n220 b\r\n' }),
    'protocol',
    /^EHLO: .*different codes/,
  ],
  ['garbage', talking('SSH-2.0-OpenSSH_9.2\r\n', () => ''), 'protocol', /^the banner: .*no reply/],
  ['a bare LF', mail({ banner: '220 a\n' }), 'protocol', /bare LF/],
  ['a close', closing, 'closed', /^closed while waiting for the banner$/],
  ['a reset', resetting, 'reset', /ECONNRESET/],
  [
    'lines without end',
    endless('', '220-more\r\n'.repeat(1000)),
    'too-large',
    /a reply exceeds 8192 bytes/,
  ],
  ['a line without end', endless('220 ', 'x'.repeat(5000)), 'too-large', /exceeds 1024 bytes/],
  ['silence', silent, 'timeout', /waiting for the banner$/],
  ['silence after EHLO', mail({ hello: '' }), 'timeout', /waiting for the answer to EHLO$/],
  ['a banner that drips', drip('220 ', 10), 'timeout', /waiting for the banner$/],
];

for (const [name, behave, reason, detail] of CASES) {
  test(`smtpProbe ends with ${reason}: ${name}`, async () => {
    const result = await run(behave, PLAIN, reason === 'timeout' ? 150 : 5000);
    assert.equal(result.reason, reason, result.detail);
    assert.match(result.detail, detail);
  });
}

test('smtpProbe passes where the server closes at QUIT without a word', async () => {
  const behave: Behaviour = (socket) => {
    mail({ quit: '' })(socket);
    socket.on('data', (said) => {
      if (said.toString() === 'QUIT\r\n') socket.end();
    });
  };
  assert.equal((await run(behave)).reason, 'check-passed');
});

test('smtpProbe refuses a server that does not offer STARTTLS', async () => {
  const result = await run(mail({ hello: '250 mail.test\r\n' }), UNVERIFIED);
  assert.deepEqual(
    [result.reason, result.detail],
    ['tls-handshake', 'the server does not offer STARTTLS'],
  );
});

test('smtpProbe refuses bytes behind the answer to STARTTLS (injected before TLS)', async () => {
  const behave = mail({ startTls: '220 go\r\n250 injected\r\n' });
  const result = await run(behave, UNVERIFIED);
  assert.equal(result.reason, 'protocol');
  assert.equal(result.detail, 'STARTTLS: the server said more than it was asked for');
});

test('smtpProbe takes no plain answer for TLS after STARTTLS', async () => {
  const result = await run(mail({ startTls: '220 go\r\n' }), UNVERIFIED);
  assert.equal(result.reason, 'tls-handshake', result.detail);
});

test('smtpProbe judges a refusal of STARTTLS', async () => {
  const result = await run(mail({ startTls: '454 not now\r\n' }), UNVERIFIED);
  assert.deepEqual([result.reason, result.detail], ['status', 'STARTTLS: code 454, expected 220']);
});

const folder = certificatesSkip === false ? new TestCertificates() : null;
after(() => folder?.remove());

test(
  'smtpProbe says EHLO again under TLS, and only there',
  { skip: certificatesSkip },
  async () => {
    const said: string[] = [];
    const certificate = pem(folder!.issue('IP:127.0.0.1'));
    const behave: Behaviour = (socket) => {
      socket.write('220 mail.test\r\n');
      const onPlain = (chunk: Buffer): void => {
        said.push(chunk.toString());
        if (chunk.toString() !== 'STARTTLS\r\n') {
          socket.write('250 STARTTLS\r\n');
          return;
        }
        socket.off('data', onPlain);
        socket.write('220 go\r\n');
        const secure = new TLSSocket(socket, { isServer: true, ...certificate });
        secure.on('error', () => undefined);
        secure.on('data', (bytes: Buffer) => {
          said.push(`secure ${bytes.toString()}`);
          secure.write(bytes.toString().startsWith('EHLO') ? '250 mail.test\r\n' : '221 bye\r\n');
        });
        secure.on('end', () => secure.end());
      };
      socket.on('data', onPlain);
    };
    const tls = tlsPlan({ caFile: folder!.ca.cert });
    const result = await run(behave, { ...PLAIN, tls, startTls: true });
    assert.equal(result.reason, 'check-passed', result.detail);
    const hello = 'EHLO ballast.test\r\n';
    assert.deepEqual(said, [hello, 'STARTTLS\r\n', `secure ${hello}`, 'secure QUIT\r\n']);
  },
);

/** aiosmtpd, plain, with STARTTLS, and with TLS from the start; prints the three ports. */
const AIOSMTPD = `
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP
from aiosmtpd.handlers import Sink
async def main(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    loop = asyncio.get_running_loop()
    ports = []
    for own, outer in ((None, None), (context, None), (None, context)):
        make = lambda own=own: SMTP(Sink(), hostname="mail.test", tls_context=own)
        server = await loop.create_server(make, "127.0.0.1", 0, ssl=outer)
        ports.append(str(server.sockets[0].getsockname()[1]))
    print(" ".join(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
asyncio.run(main(*sys.argv[1:]))
`;

const PYTHON = '/usr/bin/python3';
const hasPeer = spawnSync(PYTHON, ['-c', 'import aiosmtpd']).status === 0;
const skip = hasPeer ? certificatesSkip : 'needs python3 with aiosmtpd';

test(
  'smtpProbe passes with aiosmtpd: plain, STARTTLS, and TLS from the start',
  { skip },
  async (t) => {
    const { cert, key } = folder!.issue('DNS:mail.test');
    const child = spawn(PYTHON, ['-c', AIOSMTPD, cert, key], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    endWithUs(child);
    t.after(async () => {
      child.stdin.end();
      child.kill('SIGKILL');
      await exitOf(child);
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [plain, startTls, implicit] = line.toString().trim().split(' ').map(Number);
    const tls = tlsPlan({ caFile: folder!.ca.cert, serverName: 'mail.test' });
    const cases: [number, SmtpProbePlan, ProbeReason][] = [
      [plain!, PLAIN, 'check-passed'],
      [startTls!, { ...PLAIN, tls, startTls: true }, 'check-passed'],
      [implicit!, { ...PLAIN, tls }, 'check-passed'],
      [plain!, { ...PLAIN, tls, startTls: true }, 'tls-handshake'],
      [startTls!, { ...PLAIN, tls: tlsPlan(), startTls: true }, 'certificate-untrusted'],
      [plain!, { ...PLAIN, tls }, 'tls-handshake'],
    ];
    for (const [port, plan, reason] of cases) {
      const result = await runOnce(ipv4('127.0.0.1', port), plan);
      assert.equal(result.reason, reason, result.detail);
    }
  },
);
