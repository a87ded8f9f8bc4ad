import type { ElectionReason } from '../machine/vrrp/words.ts';

/** A sentence for each reason; `PEER` stands for the node concerned. */
export const REASON_TEXT: Readonly<Record<ElectionReason, string>> = {
  'owner-silent': 'active: no node advertises, and none answers for the addresses',
  'owner-resigned': 'active: the node before has given the addresses away',
  'service-dead': 'active: the silent node still has the addresses, but serves nothing there',
  preempts: 'active: the node before has a lower priority now',
  resumed: 'active: goes on where it was',
  listened: 'active: has listened, and no other node has the addresses',
  'owner-of-address': 'active: this node owns the addresses (priority 255)',
  'peer-is-higher': 'backup: PEER has the addresses, with a higher priority',
  'peer-is-deaf': 'backup: PEER has the addresses, and does not hear this node',
  leaves: 'asks other nodes to take the addresses, and serves them until one has',
  moved: 'the addresses are given to another node, as was asked for',
  stopped: 'the addresses are given to another node: this one ends',
  unfit: 'the addresses are given to another node: this one cannot serve',
  'link-lost': 'fault: the interface is down',
  'holds-off': 'PEER does not advertise any more, but serves the addresses: it is left alone',
  'link-in-doubt': 'no neighbour answers: this node may be cut off, and does not claim',
  'unverified-advert': 'PEER claims the addresses, but does not have them: it is not believed',
  'foreign-cluster': 'PEER uses this virtual router id for other addresses: choose another id',
  'nobody-took-over': 'no other node took the addresses: they stay here',
  overslept: 'this process was kept from running for too long: it listens before it goes on',
  'unfit-but-alone':
    'no other node took the addresses: they stay here, though this node cannot serve',
  'rival-claims': 'another host claims the addresses too',
};

/** The sentence for `reason`. */
export function reasonText(reason: ElectionReason, peer: string): string {
  return REASON_TEXT[reason].replace('PEER', peer === '' ? 'another node' : peer);
}

/** Which of them people should look at. */
export function reasonLevel(reason: ElectionReason): 'info' | 'warn' {
  return WARNINGS.has(reason) ? 'warn' : 'info';
}

const WARNINGS: ReadonlySet<ElectionReason> = new Set([
  'service-dead',
  'peer-is-deaf',
  'unfit',
  'link-lost',
  'holds-off',
  'link-in-doubt',
  'unverified-advert',
  'foreign-cluster',
  'nobody-took-over',
  'overslept',
  'unfit-but-alone',
  'rival-claims',
]);
