import type { AddressStatus } from '../control/guardian/address-status.ts';
import { durationText } from './duration-text.ts';
import { tableText } from './print.ts';

const MS_PER_SECOND = 1_000;

/** A table of groups, and beneath it what is wrong with any of them. "" where there is none. */
export function addressText(addresses: readonly AddressStatus[]): string {
  if (addresses.length === 0) return '';
  const rows = addresses.map((one) => [
    one.group,
    one.addresses.join(' '),
    one.state,
    durationText((Date.now() - Date.parse(one.since)) / MS_PER_SECOND),
    priorityText(one),
    one.activePeer === '' ? (one.state === 'active' ? 'this node' : '') : one.activePeer,
    one.detail,
  ]);
  const head = ['ADDRESS', 'IPS', 'STATE', 'SINCE', 'PRIORITY', 'ACTIVE', 'REASON'];
  const faults = addresses.flatMap(({ group, conditions }) =>
    conditions
      .filter(({ isWell }) => !isWell)
      .map(({ key, seen, cost }) => `${group}: ${key} ${seen} (${costText(cost)})\n`),
  );
  return tableText([head, ...rows]) + faults.join('');
}

/** The one in force, and the configured one where that is another. */
function priorityText({ priority, basePriority }: AddressStatus): string {
  return priority === basePriority ? String(priority) : `${priority} (${basePriority})`;
}

function costText(cost: number | 'resign'): string {
  return cost === 'resign' ? 'gives the addresses up' : `costs ${cost}`;
}
