/**
 * Two balancers between clients and servers: eth0 is outside (10.77.0.0/24, fd77::/64), eth1 inside
 * (10.78.0.0/24, fd78::/64), where servers route back by way of a floating inside address.
 */
import { ip, Network, type Host } from './network.ts';

export const OUTSIDE = { ipv4: '10.77.0.100', ipv6: 'fd77::100' } as const;
export const INSIDE = { ipv4: '10.78.0.100', ipv6: 'fd78::100' } as const;

const BALANCERS = ['lb1', 'lb2'] as const;

export class TwoSided extends Network {
  readonly servers: readonly string[];

  constructor(serverCount = 4) {
    const servers = Array.from({ length: serverCount }, (_, i) => `s${i + 1}`);
    super(['client', ...BALANCERS, ...servers]);
    this.servers = servers;
    try {
      this.#wire();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Address of a host inside. */
  inside(name: string): string {
    return `10.78.0.${this.hosts.findIndex((host) => host.name === name) + 1}`;
  }

  /** All cables of a balancer at once: power loss, as its neighbours see it. */
  cutPower(name: string): void {
    this.#setPower(name, 'down');
  }

  /** All cables are in again. */
  restorePower(name: string): void {
    this.#setPower(name, 'up');
  }

  #setPower(name: string, state: 'up' | 'down'): void {
    for (const port of [`to-${name}`, `in-${name}`]) {
      ip(['-n', this.switch, 'link', 'set', port, state]);
    }
  }

  #wire(): void {
    ip(['-n', this.switch, 'link', 'add', 'br1', 'type', 'bridge']);
    ip(['-n', this.switch, 'link', 'set', 'br1', 'up']);
    for (const name of this.servers) {
      // The one cable of a server is moved inside.
      ip(['-n', this.switch, 'link', 'set', `to-${name}`, 'master', 'br1']);
      const { netns } = this.host(name);
      ip(['-n', netns, 'addr', 'flush', 'dev', 'eth0', 'scope', 'global']);
      this.#address(this.host(name), 'eth0');
      ip(['-n', netns, 'route', 'add', 'default', 'via', INSIDE.ipv4]);
      ip(['-n', netns, '-6', 'route', 'add', 'default', 'via', INSIDE.ipv6]);
    }
    for (const name of BALANCERS) {
      const { netns } = this.host(name);
      const peer = ['peer', 'name', 'eth1', 'netns', netns];
      ip(['-n', this.switch, 'link', 'add', 'name', `in-${name}`, 'type', 'veth', ...peer]);
      ip(['-n', this.switch, 'link', 'set', `in-${name}`, 'master', 'br1', 'up']);
      this.#address(this.host(name), 'eth1');
      ip(['-n', netns, 'link', 'set', 'eth1', 'up']);
      this.run(name, 'sysctl', '-qw', ...SYSCTLS);
    }
  }

  #address({ name, netns }: Host, device: string): void {
    const number = this.hosts.findIndex((host) => host.name === name) + 1;
    ip(['-n', netns, 'addr', 'add', `10.78.0.${number}/24`, 'dev', device]);
    ip(['-n', netns, 'addr', 'add', `fd78::${number}/64`, 'dev', device, 'nodad']);
  }
}

/** What a node needs that passes packets on: see docs/kernel.md. */
const SYSCTLS = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  'net.netfilter.nf_conntrack_tcp_loose=1',
  'net.netfilter.nf_conntrack_tcp_be_liberal=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.eth0.rp_filter=0',
  'net.ipv4.conf.eth1.rp_filter=0',
  'net.ipv4.conf.all.send_redirects=0',
];
