/** The PROXY protocol with HAProxy at the other end: what it sends we read, what we send it reads. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { test } from 'node:test';
import { freePort, portOf } from '../../test/kit/free-ports.ts';
import { endProcess, endWithUs } from '../../test/kit/processes.ts';
import { TempDir } from '../../test/kit/temp-dir.ts';
import { until, within } from '../../test/kit/wait.ts';
import { PROXY_RANGE, PROXY_V2_BYTES_MAX, ProxyAddresses, ProxyHeader } from './proxy-header.ts';
import { parseProxyHeader } from './proxy-protocol.ts';
import { writeProxyV1 } from './proxy-protocol-v1.ts';
import { writeProxyV2 } from './proxy-protocol-v2.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = existsSync(HAPROXY) ? false : 'haproxy is not installed';

type Ports = { readonly v1: number; readonly v2: number; readonly in: number };

/** Two ways out, to a server that we are, and one way in that answers with what it has read. */
function configuration(ports: Ports, server: number): string {
  return `defaults
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend v1
  bind 127.0.0.1:${ports.v1}
  default_backend v1
backend v1
  server s 127.0.0.1:${server} send-proxy
frontend v2
  bind 127.0.0.1:${ports.v2}
  mode http
  unique-id-format id-%pid
  default_backend v2
backend v2
  mode http
  server s 127.0.0.1:${server} send-proxy-v2 proxy-v2-options crc32c,unique-id
frontend in
  mode http
  bind 127.0.0.1:${ports.in} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%ci %cp %fi %fp %[fc_pp_authority] %[fc_pp_unique_id]"
`;
}

async function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

/** HAProxy between us and us, for the time of `use`. */
async function withHaproxy(use: (ports: Ports, server: Server) => Promise<void>): Promise<void> {
  using dir = new TempDir();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ports = { v1: await freePort(), v2: await freePort(), in: await freePort() };
  const file = dir.file('haproxy.cfg');
  writeFileSync(file, configuration(ports, portOf(server)));
  const child = spawn(HAPROXY, ['-db', '-f', file], { stdio: 'ignore' });
  endWithUs(child);
  try {
    await until(
      () => {
        if (child.exitCode !== null) throw new Error('haproxy ended at once');
        return canConnect(ports.in);
      },
      { what: 'haproxy to accept' },
    );
    await use(ports, server);
  } finally {
    await endProcess(child, 'SIGKILL', 1_000);
    server.close();
  }
}

type Received = { readonly header: ProxyHeader; readonly text: (range: number) => string };

/** Reads the header of the next connection of `server`. */
function nextHeader(server: Server): Promise<Received> {
  return new Promise((resolve, reject) => {
    server.once('connection', (socket: Socket) => {
      const bytes = new Uint8Array(PROXY_V2_BYTES_MAX);
      const header = new ProxyHeader();
      let length = 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, bytes.length - length);
        bytes.set(part, length);
        length += part.length;
        const result = parseProxyHeader(bytes, 0, length, header);
        if (result === 0) return;
        socket.destroy();
        if (result > 0) resolve({ header, text: (range) => header.text(bytes, range) });
        else reject(new Error(`fault ${-result}: ${chunk.toString('hex')}`));
      });
    });
  });
}

async function received(port: number, server: Server, sent: string): Promise<[Received, number]> {
  const next = nextHeader(server);
  const client = connect(port, '127.0.0.1', () => client.write(sent));
  client.on('error', () => undefined);
  const found = await within(next, 'a header from haproxy');
  const ownPort = client.localPort!;
  client.destroy();
  return [found, ownPort];
}

test('parseProxyHeader reads what haproxy sends', { skip }, async () => {
  await withHaproxy(async (ports, server) => {
    const [one, onePort] = await received(ports.v1, server, 'hello');
    assert.equal(one.header.version, 1);
    assert.equal(one.header.sourceText(), '127.0.0.1');
    assert.equal(one.header.sourcePort, onePort);
    assert.equal(one.header.destinationPort, ports.v1);
    const [two, twoPort] = await received(ports.v2, server, 'GET / HTTP/1.0\r\n\r\n');
    assert.equal(two.header.version, 2);
    assert.equal(two.header.sourcePort, twoPort);
    assert.equal(two.header.destinationPort, ports.v2);
    assert.ok(two.header.has(PROXY_RANGE.checksum));
    assert.match(two.text(PROXY_RANGE.uniqueId), /^id-\d+$/);
  });
});

/** What haproxy says of a header that we send. */
async function told(port: number, header: Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  // haproxy resets a connection whose header it refuses.
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([header, Buffer.from('GET / HTTP/1.0\r\n\r\n')]));
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  await within(new Promise((resolve) => socket.once('close', resolve)), 'an answer of haproxy');
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

test('haproxy reads what writeProxyV1 and writeProxyV2 write', { skip }, async () => {
  const bytes = new Uint8Array(1024);
  const addresses = new ProxyAddresses();
  await withHaproxy(async (ports) => {
    addresses.setTcp('192.0.2.1', 56_324, '198.51.100.7', 443);
    const one = writeProxyV1(bytes, 0, addresses);
    assert.equal(await told(ports.in, bytes.slice(0, one)), '192.0.2.1 56324 198.51.100.7 443  ');
    const extras = { authority: 'db.example.com', uniqueId: 'id-7', checksum: true };
    const two = writeProxyV2(bytes, 0, addresses, extras);
    assert.equal(
      await told(ports.in, bytes.slice(0, two)),
      '192.0.2.1 56324 198.51.100.7 443 db.example.com id-7',
    );
    // haproxy knows the checksum too: it refuses a wrong one.
    bytes[two - 1]! ^= 1;
    assert.equal(await told(ports.in, bytes.slice(0, two)), '');
    addresses.setTcp('2001:db8::1', 1, '192.0.2.9', 65_535);
    const plain = { authority: '', uniqueId: '', checksum: false };
    const six = '2001:db8::1 1 ::ffff:192.0.2.9 65535  ';
    const three = writeProxyV1(bytes, 0, addresses);
    assert.equal(await told(ports.in, bytes.slice(0, three)), six);
    const four = writeProxyV2(bytes, 0, addresses, plain);
    assert.equal(await told(ports.in, bytes.slice(0, four)), six);
    addresses.setNone(true);
    const local = writeProxyV2(bytes, 0, addresses, { ...plain, checksum: true });
    assert.match(await told(ports.in, bytes.slice(0, local)), /^127\.0\.0\.1 \d+ 127\.0\.0\.1/);
  });
});
