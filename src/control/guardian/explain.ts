/** Who would have the addresses if something failed: by the rules of the election. Pure. */
import type { AddressStatus } from './address-status.ts';

export type Explanation = { readonly when: string; readonly what: string };

/** Seen from this node, with what it has heard of the others. */
export function explain(status: AddressStatus): Explanation[] {
  const lines: Explanation[] = [{ when: 'nothing fails', what: nowText(status) }];
  for (const condition of status.conditions) {
    const { key, cost, isWell } = condition;
    lines.push({
      when: isWell ? `${key} fails here` : `${key} (failing now) is well again`,
      what: isWell ? failText(status, cost) : wellText(status, cost),
    });
  }
  lines.push(...deaths(status));
  return lines;
}

const isHere = ({ state }: AddressStatus): boolean =>
  state === 'active' || state === 'leaving' || state === 'doubtful';

/** Nodes heard of, the highest priority first. Backups do not advertise (RFC 9568 §6.4.2). */
const others = ({ peers }: AddressStatus): AddressStatus['peers'] =>
  peers
    .filter(({ addresses }) => addresses !== 'disjoint')
    .toSorted((a, b) => b.priority - a.priority);

function nowText(status: AddressStatus): string {
  if (isHere(status)) return `this node has the addresses (priority ${status.priority})`;
  if (status.activePeer === '') return 'no node has the addresses';
  return `${status.activePeer} has the addresses (priority ${status.activePriority})`;
}

function failText(status: AddressStatus, cost: number | 'resign'): string {
  if (cost === 'resign') {
    return isHere(status)
      ? 'this node gives the addresses away; where no other takes them within 0.3 s, it keeps them'
      : 'this node takes the addresses only where no other is left';
  }
  const { priority } = status;
  const left = Math.max(1, priority - cost);
  const own = `the priority here falls from ${priority} to ${left}`;
  if (!isHere(status)) return `${own}; nothing moves, since this node does not have the addresses`;
  return `${own}: a backup of higher priority that has lost less takes the addresses`;
}

function wellText(status: AddressStatus, cost: number | 'resign'): string {
  const { basePriority, priority } = status;
  const back = cost === 'resign' ? basePriority : Math.min(basePriority, priority + cost);
  const own = `the priority here is ${back} again`;
  if (isHere(status)) return `${own}; the addresses stay`;
  return status.preempt && back > status.activePriority
    ? `${own}: this node takes the addresses (preempt)`
    : `${own}; the addresses stay where they are (no preemption)`;
}

function deaths(status: AddressStatus): Explanation[] {
  const { intervalMs, misses, priority } = status;
  const downMs = (own: number): number => misses * intervalMs + ((256 - own) * intervalMs) / 256;
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
  if (!isHere(status)) {
    if (status.activePeer === '') return [];
    const after = seconds(downMs(priority));
    const what = `this node takes the addresses after ${after}, unless one of higher priority does`;
    return [{ when: `${status.activePeer} dies`, what }];
  }
  const [next] = others(status);
  const who =
    next === undefined
      ? 'backups do not advertise, so that none is known here: look at the other nodes'
      : `${next.peer} was heard last with priority ${next.priority}`;
  const what = `a backup takes the addresses after about ${seconds(downMs(priority))}; ${who}`;
  return [{ when: 'this node dies', what }];
}

/** Weights that can change nothing, and what else does not do what it seems to. */
export function lint(status: AddressStatus): string[] {
  const advice: string[] = [];
  for (const { key, cost } of status.conditions) {
    if (cost === 'resign' || cost === 0) continue;
    const highest = others(status)[0];
    if (highest !== undefined && status.basePriority - cost > highest.priority) {
      advice.push(
        `"${key}" takes ${cost} off, which leaves ${status.basePriority - cost}: more than ` +
          `${highest.peer} has (${highest.priority}), so that its failure moves nothing`,
      );
    }
  }
  return advice;
}
