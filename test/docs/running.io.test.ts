// What the documents say of a running balancer: metrics, fields of its log, the first fail-over.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { test } from 'node:test';
import { TestCertificates, certificatesSkip, pem } from '../../src/control/health/test-certificates.ts';
import { Ballast } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { httpAnswer, Origin } from '../kit/origin.ts';
import { ask, getBytes, startScene } from '../kit/scene.ts';
import { until } from '../kit/wait.ts';
import { blocksOf, codesIn, page, tableUnder } from './pages.ts';

const skip = certificatesSkip;

const PLACES = ['### The process', '### Workers', '### Listeners', '### Routes', '### Pools'];

type Family = { readonly type: string; readonly labels: ReadonlySet<string> };

/** The families of a text exposition. `le` is part of the type, not a label of ours. */
function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, { type: string; labels: Set<string> }>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    families.set(name, { type, labels: new Set() });
  }
  for (const [, sample = '', labels = ''] of text.matchAll(/^([a-z_]+)\{(.*)\} /gm)) {
    const family = families.get(sample) ?? families.get(sample.replace(/_(bucket|sum|count)$/, ''));
    for (const [, label = ''] of labels.matchAll(/([a-z]+)="/g)) {
      if (label !== 'le') family!.labels.add(label);
    }
  }
  return families;
}

/** A listener that ends TLS, with its certificate, and a request to it by a client with another one. */
async function secureListener(made: TestCertificates) {
  const port = await freePort();
  const { cert, key } = made.issue('DNS:shop.test');
  const tls = { clientCertificates: { ca: made.ca.cert } };
  const top = {
    certificates: { shop: { cert, key } },
    listeners: { secure: { bind: `127.0.0.1:${port}`, tls, routes: [{ respond: {} }] } },
  };
  const options = { ...pem({ cert, key }), ca: readFileSync(made.ca.cert), servername: 'shop.test' };
  const asks = () =>
    new Promise<void>((resolve, reject) => {
      const asked = get({ host: '127.0.0.1', port, agent: false, ...options }, (answer) => {
        answer.resume().once('end', resolve);
      });
      asked.once('error', reject);
    });
  return { top, asks };
}

test('docs/operations.md lists the metrics of a running balancer, with types and labels', { skip }, async () => {
  using made = new TestCertificates();
  const secure = await secureListener(made);
  await using dead = await Origin.start(() => Promise.resolve());
  await dead.stop();
  const nowhere = `127.0.0.1:${await freePort()}`;
  const pools = {
    sick: { servers: [dead.address], check: { tcp: {}, every: '20ms' } },
    named: { servers: ['gone.example:80'] },
    datagrams: { servers: [nowhere] },
    sealed: { servers: [nowhere], tls: true },
  };
  const top = {
    ...secure.top,
    pools,
    resolver: { servers: [nowhere], timeout: '50ms' },
    listeners: {
      ...secure.top.listeners,
      udp: { bind: `127.0.0.1:${await freePort()}`, protocol: 'udp', pool: 'datagrams' },
    },
  };
  const routes = [
    { paths: '/sick', pool: 'sick' },
    { paths: '/named', pool: 'named' },
    { paths: '/sealed', pool: 'sealed' },
    { pool: 'web' },
  ];
  await using scene = await startScene({ top, listener: { routes } });
  await ask(scene.port, getBytes('/'));
  await secure.asks();
  await scene.ballast.serverState(dead.address, 'down');
  const wasLookedUp = async () => (await scene.ballast.metric('ballast_name_lookups_total')) > 0;
  await until(wasLookedUp, { what: 'the name to be looked up' });
  // A request is counted when its answer has been sent: the client may be faster.
  const isCounted = async () => (await scene.ballast.metric('ballast_route_requests_total')) > 0;
  await until(isCounted, { what: 'the request to be counted' });
  const found = familiesOf((await scene.ballast.admin('GET', '/metrics')).text);
  const operations = page('docs/operations.md');
  const rows = [...PLACES, '### Servers'].flatMap((place) => tableUnder(operations, place));
  const documented = rows.map(([name = '', type = '', labels = '']) => {
    return [codesIn(name)[0], type, codesIn(labels).sort().join()];
  });
  const real = [...found].map(([name, { type, labels }]) => [name, type, [...labels].sort().join()]);
  const byName = (a: (string | undefined)[], b: (string | undefined)[]) => (a[0]! < b[0]! ? -1 : 1);
  assert.deepEqual(documented.sort(byName), real.sort(byName));
});

test('docs/access-log.md lists the fields of a line in their order', { skip }, async () => {
  using made = new TestCertificates();
  const secure = await secureListener(made);
  const rows = tableUnder(page('docs/access-log.md'), '## Fields');
  const documented = rows.map(([name = '']) => codesIn(name)[0]!);
  const always = rows.filter((row) => row[2] === 'never').map(([name = '']) => codesIn(name)[0]!);
  await using scene = await startScene({
    listener: {
      forwarded: { requestId: 'new' },
      routes: [{ paths: '/own', respond: {} }, { paths: '/', pool: 'web' }],
    },
    pool: { maxConnections: 1 },
    top: secure.top,
  });
  await secure.asks();
  await Promise.all([1, 2, 3].map(() => ask(scene.port, getBytes('/'))));
  await ask(scene.port, getBytes('/own'));
  await ask(scene.port, 'nonsense\r\n\r\n');
  await scene.ballast.accessLine(({ reason }) => reason === 'bad-request-line');
  const met = new Set<string>();
  for (const line of scene.ballast.accessLines()) {
    const fields = Object.keys(line);
    for (const field of fields) met.add(field);
    assert.deepEqual(fields, documented.filter((field) => fields.includes(field)));
    assert.deepEqual(always.filter((field) => !fields.includes(field)), []);
  }
  assert.deepEqual(documented.filter((field) => !met.has(field)), []);
});

test('the minute to the first fail-over in the README: a killed server fails no request', async () => {
  const start = (name: string) => Origin.startHttp(() => httpAnswer(200, name));
  await using one = await start('one');
  await using two = await start('two');
  await using three = await start('three');
  const [admin, web] = [await freePort(), await freePort()];
  let [config = ''] = blocksOf(page('README.md'))
    .filter(({ language }) => language === 'yaml')
    .map(({ text }) => text);
  const ports = { 9900: admin, 8080: web, 9001: one.port, 9002: two.port, 9003: three.port };
  for (const [from, to] of Object.entries(ports)) {
    assert.ok(config.includes(`127.0.0.1:${from}`), from);
    config = config.replaceAll(`127.0.0.1:${from}`, `127.0.0.1:${to}`);
  }
  await using _ballast = await Ballast.start(config);
  type Status = { pools: { servers: { address: string; state: string }[] }[] };
  const states = async (): Promise<Map<string, string>> => {
    const status = (await (await fetch(`http://127.0.0.1:${admin}/status`)).json()) as Status;
    return new Map(status.pools[0]!.servers.map(({ address, state }) => [address, state]));
  };
  const areUp = async () => [...(await states()).values()].every((state) => state === 'up');
  await until(areUp, { what: 'the servers to be up' });
  const answers = new Set<string>();
  for (let i = 0; i < 6; i++) answers.add(String((await ask(web, getBytes('/'))).body));
  assert.deepEqual([...answers].sort(), ['one', 'three', 'two']);
  await two.stop();
  const isKnown = async () => {
    const answer = await ask(web, getBytes('/'));
    assert.equal(answer.status, 200);
    assert.notEqual(String(answer.body), 'two');
    return (await states()).get(two.address) === 'down';
  };
  await until(isKnown, { what: 'the dead server to be known as down' });
});
