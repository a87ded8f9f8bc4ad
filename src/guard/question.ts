/** What is asked when a node does not know who is there: addresses, witnesses, peers and services. */
import { parseIp } from '../codec/ip-address.ts';
import type { AddressPlan } from '../config/plan-addresses.ts';
import type { Question } from './asker.ts';
import { defaultGateway } from './gateway.ts';

/**
 * For the first entry of a group, which speaks for all. `heard`: other nodes by their addresses.
 * `isLocal`: the addresses are set on this node, which would therefore answer itself.
 */
export function questionOf(
  plan: AddressPlan,
  heard: readonly string[],
  isLocal: boolean,
): Omit<Question, 'number' | 'withinMs'> {
  const gateway = plan.witnesses.length > 0 ? null : defaultGateway(plan.interface);
  const bytes = (texts: readonly string[]): Uint8Array[] => texts.map((text) => parseIp(text)!);
  const [first] = plan.ips;
  return {
    addresses: bytes([...new Set(plan.ips.map(({ host }) => host))]),
    witnesses: gateway === null ? bytes(plan.witnesses) : [gateway],
    peers: bytes([...new Set([...plan.vrrp.peers, ...heard])]),
    services: isLocal
      ? []
      : (plan.health?.listeners ?? []).map((target) => ({
          ...target,
          bind: { ...target.bind, host: first!.host, family: first!.family },
        })),
  };
}
