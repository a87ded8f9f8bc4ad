/** The faults of the lab: small, typed, each with what it does and for how long it is watched. */
import { giveClock, missingForClocks, setClock } from './clock.ts';
import { signal } from './contenders/processes.ts';
import { SECOND_SERVICE, SERVICE, type Contender, type Part } from './contenders/contender.ts';
import type { Setting } from './contenders/contender.ts';
import { ip, pidsIn } from './network.ts';

/** What a scenario can do. lb1 is active when it begins. */
export type Stage = {
  readonly setting: Setting;
  readonly contender: Contender;
  /** Runs `act` so many ms after the fault began. */
  readonly after: (ms: number, act: () => void) => void;
};

export type Scenario = {
  readonly name: string;
  readonly title: string;
  /** How long it is watched from the fault on, in ms. */
  readonly watchMs: number;
  readonly fault: (stage: Stage) => void;
  /** Before anything is started. */
  readonly prepare?: (setting: Setting) => void;
  /** What it needs beside the contenders and is not installed. */
  readonly missing?: () => readonly string[];
  /** Whether nodes are started together, when the watch has begun. */
  readonly startsCold?: boolean;
};

const ACTIVE = 'lb1';
const BACKUP = 'lb2';

const send = (
  { setting, contender }: Stage,
  node: string,
  part: Part,
  name: NodeJS.Signals,
): void => signal(contender.pids(setting, node, part), name);

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const script = (name: string): string => new URL(name, import.meta.url).pathname;

const sendServers = (
  { setting }: Stage,
  servers: readonly string[],
  name: NodeJS.Signals,
): void => {
  for (const server of servers) signal(pidsIn(setting.network.host(server).netns), name);
};

const rules = ({ setting }: Stage, text: string): void => setting.network.setRules(text);

const loss = (percent: number): string =>
  `chain f { type filter hook forward priority 0; numgen random mod 100 < ${percent} drop; }`;

const drop = (what: string): string =>
  `chain f { type filter hook forward priority 0; ${what} drop; }`;

/** Frames between the balancers, outside and inside. */
const between = (from: string, to: string): string =>
  `chain f { type filter hook forward priority 0;
iifname "to-${from}" oifname "to-${to}" drop;
iifname "in-${from}" oifname "in-${to}" drop; }`;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'power-loss',
    title: 'the active node loses power',
    watchMs: 8_000,
    fault: ({ setting }) => setting.network.cutPower(ACTIVE),
  },
  {
    name: 'worker-killed',
    title: 'one process that serves is killed',
    watchMs: 6_000,
    fault: (stage) => send(stage, ACTIVE, 'worker', 'SIGKILL'),
  },
  {
    name: 'balancer-killed',
    title: 'the balancer is killed, all its processes',
    watchMs: 8_000,
    fault: (stage) => send(stage, ACTIVE, 'balancer', 'SIGKILL'),
  },
  {
    name: 'balancer-hung',
    title: 'the balancer hangs, all its processes',
    watchMs: 8_000,
    fault: (stage) => send(stage, ACTIVE, 'balancer', 'SIGSTOP'),
  },
  {
    name: 'node-killed',
    title: 'every process of both is killed',
    watchMs: 8_000,
    fault: (stage) => {
      send(stage, ACTIVE, 'balancer', 'SIGKILL');
      send(stage, ACTIVE, 'agent', 'SIGKILL');
    },
  },
  {
    name: 'agent-killed',
    title: 'the guardian, or keepalived, is killed',
    watchMs: 8_000,
    fault: (stage) => send(stage, ACTIVE, 'agent', 'SIGKILL'),
  },
  {
    name: 'agent-hung',
    title: 'the guardian, or keepalived, hangs for 5 s, then goes on',
    watchMs: 9_000,
    fault: (stage) => {
      const pids = stage.contender.pids(stage.setting, ACTIVE, 'agent');
      signal(pids, 'SIGSTOP');
      stage.after(5_000, () => signal(pids, 'SIGCONT'));
    },
  },
  {
    name: 'supervisor-killed',
    title: 'the supervisor is killed',
    watchMs: 6_000,
    fault: (stage) => send(stage, ACTIVE, 'supervisor', 'SIGKILL'),
  },
  {
    name: 'clean-stop',
    title: 'the active node is stopped in order',
    watchMs: 8_000,
    fault: ({ contender, setting }) => contender.stop(setting, ACTIVE),
  },
  {
    name: 'planned-move',
    title: 'the address is moved on purpose',
    watchMs: 8_000,
    fault: ({ contender, setting }) => contender.move(setting, ACTIVE),
  },
  {
    name: 'one-sided-reload',
    title: 'one node alone gets another list of addresses',
    watchMs: 8_000,
    fault: ({ contender, setting }) => contender.reload(setting, ACTIVE, [SERVICE, SECOND_SERVICE]),
  },
  {
    name: 'reload-during-failover',
    title: 'the backup is reloaded while it takes over',
    watchMs: 8_000,
    fault: (stage) => {
      stage.setting.network.cutPower(ACTIVE);
      stage.after(100, () => stage.contender.reload(stage.setting, BACKUP, [SERVICE]));
    },
  },
  {
    name: 'server-killed',
    title: 'a server is killed',
    watchMs: 8_000,
    fault: (stage) => sendServers(stage, ['s1'], 'SIGKILL'),
  },
  {
    name: 'server-hung',
    title: 'a server hangs',
    watchMs: 8_000,
    fault: (stage) => sendServers(stage, ['s1'], 'SIGSTOP'),
  },
  {
    name: 'server-lost',
    title: 'a server loses power',
    watchMs: 8_000,
    fault: ({ setting }) => setting.network.setCable('s1', false),
  },
  {
    name: 'servers-unreachable',
    title: 'the active node reaches no server any more, the backup all',
    watchMs: 10_000,
    fault: (stage) =>
      rules(
        stage,
        `chain f { type filter hook forward priority 0;
iifname "in-${ACTIVE}" oifname "to-s*" drop;
iifname "to-s*" oifname "in-${ACTIVE}" drop; }`,
      ),
  },
  {
    name: 'servers-down',
    title: 'all servers are down for 4 s, on both nodes',
    watchMs: 12_000,
    fault: (stage) => {
      sendServers(stage, stage.setting.network.servers, 'SIGSTOP');
      stage.after(4_000, () => sendServers(stage, stage.setting.network.servers, 'SIGCONT'));
    },
  },
  {
    name: 'loss-to-backup',
    title: 'everything is lost from the active node to the backup',
    watchMs: 10_000,
    fault: (stage) => rules(stage, between(ACTIVE, BACKUP)),
  },
  {
    name: 'adverts-lost-to-backup',
    title: 'advertisements are lost from the active node to the backup',
    watchMs: 10_000,
    fault: (stage) =>
      rules(stage, drop(`iifname { "to-${ACTIVE}", "in-${ACTIVE}" } ip protocol 112`)),
  },
  {
    name: 'loss-to-active',
    title: 'everything is lost from the backup to the active node',
    watchMs: 8_000,
    fault: (stage) => rules(stage, between(BACKUP, ACTIVE)),
  },
  {
    name: 'partition',
    title: 'the balancers do not hear each other for 4 s, then do again',
    watchMs: 9_000,
    fault: (stage) => {
      const both = (a: string, b: string): string =>
        `iifname "to-${a}" oifname "to-${b}" drop; iifname "in-${a}" oifname "in-${b}" drop;`;
      const text = `${both(ACTIVE, BACKUP)} ${both(BACKUP, ACTIVE)}`;
      rules(stage, `chain f { type filter hook forward priority 0; ${text} }`);
      stage.after(4_000, () => rules(stage, ''));
    },
  },
  {
    name: 'arp-lost',
    title: 'power is lost, and ARP does not reach the client for 0.5 s',
    watchMs: 9_000,
    fault: (stage) => {
      stage.setting.network.cutPower(ACTIVE);
      rules(stage, drop('oifname "to-client" ether type arp'));
      stage.after(500, () => rules(stage, ''));
    },
  },
  {
    name: 'adverts-jitter',
    title: 'advertisements come 0 to 120 ms late, out of order, some of them twice',
    watchMs: 15_000,
    fault: (stage) => {
      const { network } = stage.setting;
      // The relay takes them before the bridge, which drops them once the relay runs.
      stage.after(500, () => rules(stage, drop('ip protocol 112')));
      for (const [from, to] of [
        [`to-${ACTIVE}`, `to-${BACKUP}`],
        [`to-${BACKUP}`, `to-${ACTIVE}`],
        [`in-${ACTIVE}`, `in-${BACKUP}`],
        [`in-${BACKUP}`, `in-${ACTIVE}`],
      ] as const) {
        network.startInSwitch([...NODE, script('relay.ts'), from, to, '120']);
      }
    },
  },
  {
    name: 'loss-10',
    title: '10 % of all frames are lost for a minute',
    watchMs: 60_000,
    fault: (stage) => rules(stage, loss(10)),
  },
  {
    name: 'loss-30',
    title: '30 % of all frames are lost for a minute',
    watchMs: 60_000,
    fault: (stage) => rules(stage, loss(30)),
  },
  {
    name: 'forged-adverts',
    title: 'somebody forges advertisements of priority 255, 100 a second',
    watchMs: 8_000,
    fault: ({ setting }) => {
      const command = [...NODE, script('forger.ts'), SERVICE];
      setting.network.start('client', command, { stdio: 'ignore' });
    },
  },
  {
    name: 'address-deleted',
    title: 'another program deletes the address from the active node',
    watchMs: 6_000,
    fault: ({ setting }) => {
      const { netns } = setting.network.host(ACTIVE);
      ip(['-n', netns, 'addr', 'del', `${SERVICE}/24`, 'dev', 'eth0']);
    },
  },
  {
    name: 'interface-flaps',
    title: "the active node's cable is out for 0.3 s, five times",
    watchMs: 10_000,
    fault: (stage) => {
      for (let i = 0; i < 5; i++) {
        stage.after(i * 1_000, () => stage.setting.network.setCable(ACTIVE, false));
        stage.after(i * 1_000 + 300, () => stage.setting.network.setCable(ACTIVE, true));
      }
    },
  },
  {
    name: 'old-active-returns',
    title: 'the active node is cut off for 3 s and returns',
    watchMs: 10_000,
    fault: (stage) => {
      stage.setting.network.cutPower(ACTIVE);
      stage.after(3_000, () => stage.setting.network.restorePower(ACTIVE));
    },
  },
  {
    name: 'clock-stepped',
    title: "the active node's clock is set an hour ahead, and after 4 s two hours back",
    watchMs: 10_000,
    missing: missingForClocks,
    prepare: (setting) => giveClock(setting, ACTIVE),
    fault: (stage) => {
      setClock(stage.setting, ACTIVE, 3_600);
      stage.after(4_000, () => setClock(stage.setting, ACTIVE, -3_600));
    },
  },
  {
    name: 'busy-core',
    title: 'a core is fully busy on the machine',
    watchMs: 8_000,
    fault: ({ setting }) => {
      setting.network.start(ACTIVE, ['sh', '-c', 'while :; do :; done'], { stdio: 'ignore' });
    },
  },
  {
    name: 'both-start',
    title: 'both nodes start together',
    watchMs: 8_000,
    startsCold: true,
    fault: () => {},
  },
];
