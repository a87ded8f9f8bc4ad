/**
 * Layer 4 in the kernel beside HAProxy in tcp mode, on the hosts of the lab. The kernel works for
 * nobody's account, so that what is read is the processor time of the whole machine, from which that
 * of the same work without a balancer between is taken off. Nothing else should run meanwhile.
 *
 *   node bench/kernel.ts [rounds]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SERVICE, type Setting } from '../src/lab/contenders/contender.ts';
import { untilOwner, withSetting } from '../src/lab/run-scenario.ts';
import { INSIDE } from '../src/lab/two-sided.ts';
import { ip } from '../src/lab/network.ts';
import { describeMachine } from './machine.ts';
import { median } from './statistics.ts';
import { compileTools, installMissing, root, toolPath } from './tools.ts';

const SECONDS = 4;
const ROUNDS = Number(process.argv[2] ?? 5);
const SERVER = 's1';
/** A host beside the server: the same work without a balancer. */
const BESIDE = 's2';
/** USER_HZ: ticks of /proc/stat per second. */
const TICKS = 100;

type Mode = {
  readonly name: 'exchange' | 'down';
  readonly endpoint: 'echo' | 'source';
  readonly unit: string;
  /** Processor time per unit is shown in these, so many to the second. */
  readonly shown: { readonly name: string; readonly perSecond: number };
};

const MODES: readonly Mode[] = [
  {
    name: 'exchange',
    endpoint: 'echo',
    unit: 'message of 64 bytes and its echo, 64 connections',
    shown: { name: 'µs', perSecond: 1e6 },
  },
  { name: 'down', endpoint: 'source', unit: 'GiB', shown: { name: 's', perSecond: 1 } },
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function busyTicks(): number {
  const [, ...fields] = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.trim().split(/\s+/);
  const [user, nice, system, , , irq, softirq] = fields.map(Number);
  return user! + nice! + system! + irq! + softirq!;
}

/** Between which hosts a load runs. */
type Way = { readonly from: string; readonly to: string; readonly port: number };

/** Processor time of the machine per unit of work, in seconds. */
async function work(setting: Setting, mode: Mode, { from, to, port }: Way): Promise<number> {
  const args = [`mode=${mode.name}`, `port=${port}`, 'connections=64', `seconds=${SECONDS}`];
  const before = busyTicks();
  const child = setting.network.start(from, [toolPath('tcp-load'), ...args, 'warmup=0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BENCH_ADDRESS: to },
  });
  let text = '';
  for await (const line of createInterface({ input: child.stdout! })) text += line;
  const ticks = busyTicks() - before;
  const { answered, errors } = JSON.parse(text) as { answered: number; errors: number };
  if (errors > 0) throw new Error(`${errors} errors: ${text}`);
  const units = mode.name === 'down' ? answered / 1_024 : answered;
  return ticks / TICKS / units;
}

async function startEndpoint({ network }: Setting, mode: Mode): Promise<number> {
  const child = network.start(SERVER, [toolPath('endpoint'), mode.endpoint, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, BENCH_ADDRESS: network.inside(SERVER) },
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    return Number(/^ports (\d+)/.exec(line)![1]);
  }
  throw new Error('the endpoint has not started');
}

async function startBallast(setting: Setting, port: number): Promise<void> {
  const { network, folder } = setting;
  const file = join(folder, 'kernel.yaml');
  writeFileSync(
    file,
    `admin: unix:${folder}/admin.sock
workers: 1
listeners:
  db: { bind: "${SERVICE}:81", protocol: tcp, mode: kernel, pool: db }
pools:
  db: { servers: ["${network.inside(SERVER)}:${port}"] }
addresses:
  outside: { ips: [${SERVICE}/24], interface: eth0, group: both, vrrp: { id: 51 } }
  inside: { ips: [${INSIDE.ipv4}/24], interface: eth1, group: both, vrrp: { id: 52 } }
`,
  );
  network.start('lb1', [join(root, 'bin/ballast'), 'run', file], { stdio: 'ignore' });
  await untilOwner(network, 'lb1');
  await new Promise((resolve) => setTimeout(resolve, 500));
}

async function startHaproxy(setting: Setting, port: number): Promise<void> {
  const { network, folder } = setting;
  const { netns } = network.host('lb2');
  // An address of its own: both balancers stand side by side.
  ip(['-n', netns, 'addr', 'add', `${HAPROXY}/24`, 'dev', 'eth0']);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 1
defaults
  mode tcp
  option splice-auto
  timeout connect 2s
  timeout client 1h
  timeout server 1h
listen tcp
  bind ${HAPROXY}:81
  server s ${network.inside(SERVER)}:${port}
`,
  );
  network.start('lb2', ['haproxy', '-db', '-f', file], { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

const HAPROXY = '10.77.0.200';
/** Source of the client on its way through a host that only routes. */
const ROUTED_CLIENT = '10.77.0.11';

/** From the client to the server by way of lb2, which has no rule and no table of connections. */
function addRouter({ network }: Setting): void {
  const client = network.host('client').netns;
  const outside = network.host('lb2').address;
  const [server, inside] = [network.inside(SERVER), network.inside('lb2')];
  ip(['-n', client, 'addr', 'add', `${ROUTED_CLIENT}/24`, 'dev', 'eth0']);
  ip(['-n', client, 'route', 'add', server, 'via', outside, 'src', ROUTED_CLIENT]);
  ip(['-n', network.host(SERVER).netns, 'route', 'add', ROUTED_CLIENT, 'via', inside]);
}

async function measure(setting: Setting, mode: Mode): Promise<void> {
  const port = await startEndpoint(setting, mode);
  await startBallast(setting, port);
  await startHaproxy(setting, port);
  addRouter(setting);
  const found: Record<'direct' | 'router' | 'ballast' | 'haproxy', number[]> = {
    direct: [],
    router: [],
    ballast: [],
    haproxy: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    say(`${mode.name}: round ${round + 1} of ${ROUNDS}`);
    const server = setting.network.inside(SERVER);
    found.direct.push(await work(setting, mode, { from: BESIDE, to: server, port }));
    found.router.push(await work(setting, mode, { from: 'client', to: server, port }));
    found.ballast.push(await work(setting, mode, { from: 'client', to: SERVICE, port: 81 }));
    found.haproxy.push(await work(setting, mode, { from: 'client', to: HAPROXY, port: 81 }));
  }
  const { name, perSecond } = mode.shown;
  const text = (seconds: number): string => `${(seconds * perSecond).toFixed(3)} ${name}`;
  const over = (base: readonly number[]): string => {
    const ratios = found.ballast.map(
      (kernel, i) => (kernel - base[i]!) / (found.haproxy[i]! - base[i]!),
    );
    return median(ratios).toFixed(2);
  };
  say(`processor time of the whole machine per ${mode.unit}, medians of ${ROUNDS}:`);
  say(`  no balancer           ${text(median(found.direct))}`);
  say(`  a router between      ${text(median(found.router))}`);
  say(`  Ballast, mode: kernel ${text(median(found.ballast))}`);
  say(`  HAProxy, mode tcp     ${text(median(found.haproxy))}`);
  say(`  what Ballast adds to no balancer is ${over(found.direct)} of what HAProxy adds`);
  say(`  what Ballast adds to a router is ${over(found.router)} of what HAProxy adds`);
}

if (process.getuid!() !== 0) throw new Error('root is needed, for network namespaces');
installMissing(say);
compileTools();
const { processor, cores, kernel } = describeMachine();
say(`${new Date().toISOString().slice(0, 10)}: ${cores} × ${processor}, Linux ${kernel}`);
for (const mode of MODES) await withSetting((setting) => measure(setting, mode));
