/** Ballast, with its proxy and with layer 4 in the kernel. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { INSIDE } from '../two-sided.ts';
import { priorityOf, ROUTER_ID, SERVICE, type Contender, type Setting } from './contender.ts';
import { missingOf, pidsMatching, signal } from './processes.ts';

const BALLAST = new URL('../../../bin/ballast', import.meta.url).pathname;

const PARTS = {
  balancer: /src\/plane\/worker\.ts|src\/cli\/main\.ts run/,
  agent: /src\/guard\/guardian\.ts/,
  supervisor: /src\/cli\/main\.ts run/,
  worker: /src\/plane\/worker\.ts/,
} as const;

export const BALLAST_PROXY = ballast('ballast', 'Ballast, proxy', false);
export const BALLAST_KERNEL = ballast('ballast-kernel', 'Ballast, kernel', true);

function ballast(name: string, title: string, isKernel: boolean): Contender {
  const file = ({ folder }: Setting, node: string): string => join(folder, `${node}.yaml`);
  return {
    name,
    title,
    missing: () => (isKernel ? missingOf(['nft']) : []),
    async start(setting, node) {
      writeFileSync(file(setting, node), config(setting, node, [SERVICE], isKernel));
      const child = setting.network.start(node, [BALLAST, 'run', file(setting, node)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      for await (const line of createInterface({ input: child.stdout! })) {
        if (line.startsWith('ready')) break;
      }
      child.stdout!.resume();
    },
    pids(setting, node, part) {
      const found = pidsMatching(setting, node, PARTS[part]);
      // The first one: the others take over from it.
      return part === 'worker' ? found.slice(0, 1) : found;
    },
    stop(setting, node) {
      signal(pidsMatching(setting, node, PARTS.supervisor), 'SIGTERM');
    },
    move(setting, node) {
      const admin = ['--admin', `unix:${setting.folder}/${node}.sock`];
      setting.network.start(node, [BALLAST, 'address', 'move', 'front', ...admin], {
        stdio: 'ignore',
      });
    },
    reload(setting, node, addresses) {
      writeFileSync(file(setting, node), config(setting, node, addresses, isKernel));
      signal(pidsMatching(setting, node, PARTS.supervisor), 'SIGHUP');
    },
  };
}

function config(
  { network, folder }: Setting,
  node: string,
  addresses: readonly string[],
  isKernel: boolean,
): string {
  const servers = (port: number): string =>
    network.servers.map((name) => `${network.inside(name)}:${port}`).join(', ');
  const mode = isKernel ? 'mode: kernel' : 'mode: proxy';
  const vrrp = (id: number): string => `{ id: ${id}, priority: ${priorityOf(node)} }`;
  const ips = addresses.map((address) => `${address}/24`).join(', ');
  const web = isKernel ? 'protocol: tcp, mode: kernel,' : '';
  return `admin: unix:${folder}/${node}.sock
workers: 2
drain: 30s
log: { access: "off" }
listeners:
  web: { bind: "${SERVICE}:80", ${web} pool: web }
  tcp: { bind: "${SERVICE}:81", protocol: tcp, ${mode}, pool: tcp }
  udp: { bind: "${SERVICE}:82", protocol: udp, ${mode}, pool: udp }
pools:
  web:
    servers: [${servers(8080)}]
    check: { tcp: {}, every: 500ms, timeout: 400ms }
  udp:
    balance: source-hash
    servers: [${servers(8082)}]
  tcp:
    balance: source-hash
    servers: [${servers(8081)}]
    check: { tcp: {}, every: 500ms, timeout: 400ms }
addresses:
  front:
    ips: [${ips}]
    interface: eth0
    group: front
    vrrp: ${vrrp(ROUTER_ID)}
    track: [{ pool: web, weight: 60 }]
  inside: { ips: [${INSIDE.ipv4}/24], interface: eth1, group: front, vrrp: ${vrrp(ROUTER_ID + 1)} }
`;
}
