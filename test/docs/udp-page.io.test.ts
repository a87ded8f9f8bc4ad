// What docs/access-log.md says of sessions for datagrams is what is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { DatagramClient, DatagramServer, datagramConfig } from '../kit/datagrams.ts';
import { freePort } from '../kit/free-ports.ts';
import { codesIn, page, tableUnder } from './pages.ts';

test('docs/access-log.md lists the fields of a session of udp in their order', async () => {
  await using server = await DatagramServer.echo('s');
  const port = await freePort();
  await using ballast = await Ballast.start(
    datagramConfig({
      bind: `127.0.0.1:${port}`,
      servers: [server.address],
      listener: { timeouts: { idle: '100ms' } },
    }),
  );
  await using client = await DatagramClient.open();
  await client.ask('x', port);
  const line = await ballast.accessLine(({ listener }) => listener === 'udp');
  const fields = tableUnder(page('docs/access-log.md'), '## Sessions of udp');
  assert.deepEqual(
    Object.keys(line),
    fields.map(([name = '']) => codesIn(name)[0]),
  );
});
