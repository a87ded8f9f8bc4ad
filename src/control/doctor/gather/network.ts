/** Interfaces, routes, rules and programs that have to do with addresses. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Plan } from '../../../config/plan.ts';
import type { NetworkFacts, VrrpDrop } from '../facts.ts';
import { readText } from './read.ts';

const PATHS = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'];
/** nft is not waited for for longer, in ms. */
const NFT_MS = 5_000;
const MANAGERS = ['systemd-networkd', 'NetworkManager', 'keepalived'];
/** What /proc/PID/comm has of a name: 15 bytes. */
const COMM_BYTES = 15;

/** Looks at this network namespace. */
export function networkFacts(plan: Plan | null): NetworkFacts {
  const floating = new Set(plan?.addresses.flatMap(({ ips }) => ips.map(({ host }) => host)) ?? []);
  const nft = PATHS.find((path) => existsSync(path));
  return {
    interfaces: Object.entries(networkInterfaces()).map(([name, addresses]) => ({
      name,
      ownAddresses: (addresses ?? []).filter(({ address }) => !floating.has(address)).length,
    })),
    gatewayInterfaces: gatewayInterfaces(readText('/proc/net/route') ?? ''),
    managers: plan === null || floating.size === 0 ? [] : runningManagers(),
    vrrpDrops: nft === undefined ? [] : readDrops(nft),
    hasNft: nft !== undefined,
  };
}

/** Interfaces of default routes with a gateway, of /proc/net/route. */
export function gatewayInterfaces(table: string): string[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(([, to, via]) => to === '00000000' && via !== '00000000')
    .map(([name = '']) => name);
}

function runningManagers(): string[] {
  const names = new Set<string>();
  for (const pid of readdirSync('/proc')) {
    if (/^\d+$/.test(pid)) names.add(readText(`/proc/${pid}/comm`) ?? '');
  }
  return MANAGERS.filter((name) => names.has(name.slice(0, COMM_BYTES)));
}

function readDrops(nft: string): readonly VrrpDrop[] | null {
  try {
    const args = ['-j', 'list', 'ruleset'];
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return vrrpDrops(
      execFileSync(nft, args, { encoding: 'utf8', timeout: NFT_MS, stdio: [...stdio] }),
    );
  } catch {
    return null;
  }
}

type Chain = {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
};
type Rule = Pick<Chain, 'family' | 'table'> & { readonly chain: string; readonly expr: unknown };
type Listed = { readonly chain?: Chain; readonly rule?: Rule };

/** Chains of incoming packets that drop VRRP, by `nft -j list ruleset`. */
export function vrrpDrops(json: string): VrrpDrop[] {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly Listed[] };
  const rules = nftables.flatMap(({ rule }) => (rule === undefined ? [] : [rule]));
  const found: VrrpDrop[] = [];
  for (const { chain } of nftables) {
    if (chain?.hook !== 'input' && chain?.hook !== 'output' && chain?.hook !== 'prerouting')
      continue;
    const own = rules.filter(
      (rule) =>
        rule.family === chain.family && rule.table === chain.table && rule.chain === chain.name,
    );
    const aboutVrrp = own
      .map(({ expr }) => JSON.stringify(expr))
      .filter((text) => MEANS_VRRP.test(text));
    const name = `${chain.family} ${chain.table} ${chain.name}`;
    if (aboutVrrp.some((text) => /"(drop|reject)"/.test(text))) {
      found.push({ chain: name, why: 'has a rule that drops VRRP' });
    } else if (chain.policy === 'drop' && !aboutVrrp.some((text) => text.includes('"accept"'))) {
      found.push({ chain: name, why: 'drops what no rule accepts, and none accepts protocol 112' });
    }
  }
  return found;
}

/** Protocol 112 by number or name, or its group. */
const MEANS_VRRP = /\b112\b|"vrrp"|224\.0\.0\.18|ff02::12/;
