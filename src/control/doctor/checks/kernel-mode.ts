/** What stands in the way of `mode: kernel`. */
import type { Facts } from '../facts.ts';
import { advice, ok, problem, sysctlFix, sysctlNumber, unknown } from '../check.ts';
import type { Check, Finding } from '../check.ts';

const listenersOf = ({ plan }: Facts) => plan?.kernel ?? [];

const needs = (
  facts: Facts,
  name: string,
  { least, severity }: { readonly least: number; readonly severity: typeof problem },
): Finding => {
  const now = sysctlNumber(facts, name);
  if (now === null) return unknown(`${name} cannot be read: is its module loaded?`);
  if (now >= least) return ok(`${name} is ${now}`);
  const fix = sysctlFix(facts, name, least);
  return severity({ now: `${name} is ${now}`, wanted: String(least), fix });
};

export const nftThere: Check = {
  name: 'nft',
  looksAt: 'the program nft, where a listener has `mode: kernel`, or addresses move',
  why: 'The rules reach the kernel by it; without it a planned move ends the connections of workers.',
  remedy: '`apt install nftables`',
  look: (facts) => {
    const isNeeded = listenersOf(facts).length > 0;
    if (!isNeeded && (facts.plan?.addresses.length ?? 0) === 0) return [];
    if (facts.network.hasNft) return [ok('nft is there')];
    const found = {
      now: 'there is no program nft',
      wanted: 'nftables',
      fix: ['apt install nftables'],
    };
    return [isNeeded ? problem(found) : advice(found)];
  },
};

export const forwarding: Check = {
  name: 'forwarding',
  looksAt: '`net.ipv4.ip_forward` and `net.ipv6.conf.all.forwarding`, with `mode: kernel`',
  why: 'The kernel passes packets on only where it may forward.',
  remedy: '`sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`',
  look: (facts) => {
    const families = new Set(listenersOf(facts).flatMap(({ binds }) => binds.map((b) => b.family)));
    const found: Finding[] = [];
    const rule = { least: 1, severity: problem };
    if (families.has('ipv4')) found.push(needs(facts, 'net.ipv4.ip_forward', rule));
    if (families.has('ipv6')) found.push(needs(facts, 'net.ipv6.conf.all.forwarding', rule));
    return found;
  },
};

export const looseTracking: Check = {
  name: 'conntrack-loose',
  looksAt: '`net.netfilter.nf_conntrack_tcp_loose` and `_be_liberal`, with `mode: kernel`',
  why: 'A node takes up connections that it has never seen only where these are 1.',
  remedy: '`sysctl -w net.netfilter.nf_conntrack_tcp_loose=1`, the other alike',
  look: (facts) => {
    const isTracked = listenersOf(facts).some(
      ({ form, protocol }) => form !== 'stateless' && protocol === 'tcp',
    );
    if (!isTracked) return [];
    return [
      needs(facts, 'net.netfilter.nf_conntrack_tcp_loose', { least: 1, severity: problem }),
      needs(facts, 'net.netfilter.nf_conntrack_tcp_be_liberal', { least: 1, severity: advice }),
    ];
  },
};
