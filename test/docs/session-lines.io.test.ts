// What docs/access-log.md says of the lines of sessions: their fields, in their order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import type { AccessLine } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { named, startTcpScene } from '../kit/tcp-scene.ts';
import { codesIn, page, tableUnder } from './pages.ts';

/** PROXY v2 from 192.0.2.7, with an authority and a unique id. */
const HEADER = Buffer.concat([
  Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x1a', 'latin1'),
  Buffer.from([192, 0, 2, 7, 198, 51, 100, 9, 18, 103, 1, 187]),
  Buffer.from('\x02\0\x05a.b.c\x05\0\x03one', 'latin1'),
]);

/** Fails unless the lines have the documented fields, in that order, and each of them occurs. */
function compare(lines: readonly AccessLine[], heading: string): void {
  // No session here has its TLS ended: docs/access-log.md says which fields come with that.
  const rows = tableUnder(page('docs/access-log.md'), heading).filter(
    ([, , lacks]) => lacks !== 'TLS was not ended',
  );
  const documented = rows.map(([name = '']) => codesIn(name)[0]!);
  const always = rows.filter((row) => row[2] === 'never').map(([name = '']) => codesIn(name)[0]!);
  const met = new Set<string>();
  for (const line of lines) {
    const fields = Object.keys(line);
    for (const field of fields) met.add(field);
    assert.deepEqual(
      fields,
      documented.filter((field) => fields.includes(field)),
    );
    assert.deepEqual(
      always.filter((field) => !fields.includes(field)),
      [],
    );
  }
  assert.deepEqual(
    documented.filter((field) => !met.has(field)),
    [],
  );
}

const hasReason = (reason: string) => (line: AccessLine) => line.reason === reason;

test('docs/access-log.md lists the fields of lines of tcp sessions', async () => {
  await using scene = await startTcpScene({
    scripts: [named('hello')],
    listener: { proxyProtocol: { from: ['127.0.0.0/8'] } },
    pool: { maxConnections: 1, queue: { timeout: '20s' } },
  });
  const first = await scene.connect();
  await first.write(HEADER);
  await first.readUntil('hello\n');
  const second = await scene.connect();
  await second.write(HEADER);
  const third = await scene.connect();
  await third.write('no header');
  assert.equal(await third.closed(), 'reset');
  first.reset();
  await second.readUntil('hello\n');
  second.end();
  await scene.ballast.accessLine((line) => 'queueMs' in line);
  await scene.ballast.accessLine(hasReason('bad-proxy-header'));
  await scene.ballast.accessLine(hasReason('client-reset'));
  compare(scene.ballast.accessLines(), '## Sessions of tcp');
});

test('the line of a datagram that was answered has no reason', async () => {
  await using server = await DatagramServer.echo('s');
  const port = await freePort();
  const config = datagramConfig({
    bind: `127.0.0.1:${port}`,
    servers: [server.address],
    listener: { perPacket: true },
  });
  await using ballast = await Ballast.start(config);
  await using client = await DatagramClient.open();
  await client.ask('hello', port);
  const line = await ballast.accessLine(() => true);
  assert.equal(line.reason, undefined);
  assert.equal(line['datagramsOut'], 1);
});
