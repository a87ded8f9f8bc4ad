// The rules of mode kernel: alike on all nodes, changed server by server, gone at the end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Plan } from '../../src/config/plan.ts';
import { ALL_WELL } from '../../src/kernel/facts-testkit.ts';
import { kernelRules } from '../../src/kernel/ruleset.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Network, noNamespaces } from '../kit/netns.ts';
import { OUTSIDE } from '../../src/lab/two-sided.ts';
import { BALLAST, KernelScene } from './scene.ts';

const skip = { skip: noNamespaces };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Without what differs by design: what was counted, and by whom it is kept. */
const plain = (rules: string): string =>
  rules.replaceAll(/packets \d+ bytes \d+/g, '').replaceAll(/kept_by_\d+/g, '');

test('mode kernel: both nodes have the same rules; none are left at the end', skip, async () => {
  const scene = new KernelScene();
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
    await scene.startBalancer('lb2', 'mode: kernel, protocol: tcp');
    assert.equal(plain(scene.ruleset('lb1')), plain(scene.ruleset('lb2')));
    assert.match(scene.ruleset('lb1'), /jhash ip saddr \. tcp sport mod 1021/);
    await scene.stopBalancer('lb2');
    assert.equal(scene.ruleset('lb2'), '');
  } finally {
    scene.close();
  }
});

test('mode kernel: rules that are to stay do', skip, async () => {
  const scene = new KernelScene(1);
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp, kernel: { leave: true }');
    await scene.stopBalancer('lb1');
    assert.match(scene.ruleset('lb1'), /table inet ballast/);
  } finally {
    scene.close();
  }
});

test(
  'mode kernel: two balancers on a machine do not take the table from each other',
  skip,
  async () => {
    const scene = new KernelScene(2);
    try {
      await scene.startServers();
      await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
      const file = `${scene.folder}/second.yaml`;
      const listener = '{ bind: "10.77.0.2:90", protocol: tcp, mode: kernel, pool: p }';
      const pools = `{ p: { servers: ["${scene.network.inside('s1')}:8080"] } }`;
      writeFileSync(
        file,
        `admin: unix:${scene.folder}/second.sock\nlisteners: { l: ${listener} }\npools: ${pools}\n`,
      );
      const child = scene.network.start('lb1', [BALLAST, 'run', file], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next();
      const rules = plain(scene.ruleset('lb1'));
      assert.match(rules, /dport 90/);
      await pause(2_500);
      assert.equal(plain(scene.ruleset('lb1')), rules);
      assert.match(scene.said, /another balancer \(process \d+\) has set the table/);
    } finally {
      scene.close();
    }
  },
);

for (const command of ['flush ruleset', 'flush table inet ballast', 'delete table inet ballast']) {
  test(`mode kernel: after "nft ${command}" by another the rules are set again`, skip, async () => {
    const scene = new KernelScene(2);
    try {
      await scene.startServers();
      await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
      await scene.untilOwner('lb1');
      const clients = await scene.openClients(5);
      const before = plain(scene.ruleset('lb1'));
      const now = (): string => plain(scene.ruleset('lb1'));
      for (let round = 1; round <= 2; round++) {
        scene.network.run('lb1', 'nft', ...command.split(' '));
        const beganMs = performance.now();
        while (now() !== before && performance.now() - beganMs < 5_000) await pause(20);
        assert.equal(now(), before, `round ${round}`);
      }
      // What says nothing meanwhile does not notice.
      assert.equal((await clients.living()).idle, 5);
      const late = await scene.openClients(5);
      assert.deepEqual(await late.living(), { ping: 5, idle: 5, push: 5 });
    } finally {
      scene.close();
    }
  });
}

test('mode kernel: a drained server gets nothing new, and what it has goes on', skip, async (t) => {
  const scene = new KernelScene(2);
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
    await scene.untilOwner('lb1');
    const clients = await scene.openClients(20);
    const server = `${scene.network.inside('s1')}:8080`;
    const before = slots(scene.ruleset('lb1'), scene.network.inside('s1'));
    assert.ok(before > 400);
    const beganMs = performance.now();
    const changed = firstChange(scene, 'lb1');
    // It has begun to listen.
    await pause(300);
    scene.command('lb1', 'drain', `db/${server}`);
    const { events } = JSON.parse(
      scene.network.run('lb1', 'curl', '-s', ...admin(scene), 'http://ballast/events?count=1'),
    ) as { readonly events: readonly { readonly time: string }[] };
    const tookMs = (await changed) - Date.parse(events.at(-1)!.time);
    t.diagnostic(`in the kernel ${tookMs.toFixed(0)} ms after the supervisor was told`);
    // Five times what it takes on an idle machine.
    assert.ok(tookMs < 250);
    let left = before;
    while (left > 0 && performance.now() - beganMs < 5_000) {
      left = slots(scene.ruleset('lb1'), scene.network.inside('s1'));
    }
    assert.equal(left, 0);
    t.diagnostic(`gone ${(performance.now() - beganMs).toFixed(0)} ms after the command began`);
    assert.deepEqual(await clients.living(), { ping: 20, idle: 20, push: 20 });
    const metrics = scene.network.run(
      'lb1',
      'curl',
      '-s',
      ...admin(scene),
      'http://ballast/metrics',
    );
    const packets = /ballast_kernel_server_packets_total\{pool="db",server="[^"]*"\} (\d+)/.exec(
      metrics,
    );
    assert.ok(Number(packets?.[1]) > 20, metrics.slice(0, 300));
  } finally {
    scene.close();
  }
});

test('mode kernel: a weight by command changes how many are given to a server', skip, async () => {
  const scene = new KernelScene(2);
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp');
    const [first, second] = ['s1', 's2'].map((name) => scene.network.inside(name)) as [
      string,
      string,
    ];
    scene.command('lb1', 'weight', `db/${second}:8080`, '3');
    let share = 0;
    for (let i = 0; i < 100 && Math.abs(share - 0.25) > 0.05; i++) {
      const rules = scene.ruleset('lb1');
      share = slots(rules, first) / (slots(rules, first) + slots(rules, second));
      await pause(20);
    }
    assert.ok(Math.abs(share - 0.25) <= 0.05, String(share));
  } finally {
    scene.close();
  }
});

test('mode kernel: a server that fails is reset with onDown: close', skip, async () => {
  const scene = new KernelScene(2);
  const more = `check: { tcp: {}, every: 100ms, timeout: 400ms, rise: 1, fall: 1 }
    onDown: close`;
  try {
    await scene.startServers();
    await scene.startBalancer('lb1', 'mode: kernel, protocol: tcp', more);
    await scene.untilOwner('lb1');
    const clients = await scene.openClients(20);
    // The host is gone: nobody else could tell the clients.
    scene.network.setCable('s1', false);
    for (let i = 0; i < 200 && !/dead_ipv4_tcp[^}]*elements/.test(scene.ruleset('lb1')); i++) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const living = await clients.living();
    assert.ok(living.ping > 0 && living.ping < 20, JSON.stringify(living));
    const said = scene.network.run('client', process.execPath, '-e', NEWCOMERS, OUTSIDE.ipv4);
    assert.equal(said.trim(), 'all answered');
  } finally {
    scene.close();
  }
});

const NEWCOMERS = `
const { connect } = require('node:net');
let open = 50;
const end = (text) => { console.log(text); process.exit(); };
const done = (ok) => { if (!ok) end('one failed'); if (--open === 0) end('all answered'); };
for (let i = 0; i < 50; i++) {
  const socket = connect({ host: process.argv[1], port: 80 });
  socket.on('connect', () => socket.write('x'));
  socket.once('data', () => { socket.destroy(); done(true); });
  socket.on('error', () => done(false));
}
setTimeout(() => { console.log('too late'); process.exit(); }, 5000);`;

const admin = (scene: KernelScene): string[] => ['--unix-socket', `${scene.folder}/lb1.sock`];

/** When nft next sees an element leave, in ms since the epoch. */
async function firstChange(scene: KernelScene, name: string): Promise<number> {
  // The time is taken there: this process stands still while it runs a command.
  const line = `stdbuf -oL nft monitor destroy |
    { grep -m1 'delete element' >/dev/null; date +%s%3N; }`;
  const child = scene.network.start(name, ['sh', '-c', line], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const said = createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next();
  const limit = new Promise<null>((resolve) => setTimeout(resolve, 10_000, null).unref());
  const found = await Promise.race([said, limit]);
  return found === null ? Infinity : Number(found.value);
}

const slots = (rules: string, address: string): number =>
  rules.match(
    new RegExp(`(?:none|[0-9a-f]+:[0-9a-f]+) : ${address.replaceAll('.', '\\.')} \\. 8080`, 'g'),
  )?.length ?? 0;

function largePlan(servers: number, listeners: number): Plan {
  const list = Array.from({ length: servers }, (_, i) => `10.${9 + (i >> 8)}.${i & 255}.1:80`);
  const yaml = [
    'listeners:',
    ...Array.from(
      { length: listeners },
      (_, i) => `  l${i}: { bind: "10.0.0.1:${1000 + i}", protocol: tcp, mode: kernel, pool: p }`,
    ),
    'pools:',
    `  p: { servers: [${list.join(', ')}] }`,
  ].join('\n');
  const { plan } = loadConfig(yaml, '/etc/ballast.yaml', { readFile: () => null, cores: 1 });
  return plan!;
}

test('mode kernel: 1,000 servers and 100 listeners load in seconds', skip, (t) => {
  const network = new Network(['a']);
  try {
    const plan = largePlan(1_000, 100);
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const beganMs = performance.now();
      const { text } = kernelRules(plan, ALL_WELL);
      execFileSync('ip', ['netns', 'exec', network.host('a').netns, 'nft', '-f', '-'], {
        input: text,
      });
      times.push(performance.now() - beganMs);
    }
    t.diagnostic(`loaded in ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    // Twenty times what it takes on an idle machine.
    assert.ok(Math.min(...times) < 20_000);
  } finally {
    network.close();
  }
});
