/** Ports of outgoing connections. */
import type { Facts } from '../facts.ts';
import { advice, ok, problem, sysctlFix, unknown, type Check } from '../check.ts';

const RANGE = 'net.ipv4.ip_local_port_range';
const RESERVED = 'net.ipv4.ip_local_reserved_ports';
/** The widest range that leaves the well-known ports alone. */
const WIDEST = '1024 65535';
/** Fewer ports than this are used up by little traffic: each rests for 60 s after its connection. */
const PORTS_MIN = 10_000;

type Range = { readonly from: number; readonly to: number };

function rangeOf(text: string | null): Range | null {
  const match = /^(\d+)\s+(\d+)$/.exec(text ?? '');
  return match === null ? null : { from: Number(match[1]), to: Number(match[2]) };
}

export const localPortRange: Check = {
  name: 'ip-local-port-range',
  looksAt: '`net.ipv4.ip_local_port_range`, against the connections that one server may get',
  why:
    'Each connection to one server needs a port of its own from this range; when none is left, ' +
    'requests fail with `connect-failed`.',
  remedy: `\`sysctl -w net.ipv4.ip_local_port_range="${WIDEST}"\`, and \`maxConnections\` of servers`,
  look: (facts) => {
    const range = rangeOf(facts.sysctl(RANGE));
    if (range === null) return [unknown(`${RANGE} cannot be read`)];
    const ports = range.to - range.from + 1;
    const needed = connectionsPerServer(facts);
    const now = `${RANGE} has ${ports} ports`;
    const forWhat = needed === 0 ? '' : `; one server may get ${needed} connections at once`;
    const fix = sysctlFix(facts, RANGE, WIDEST);
    if (ports < PORTS_MIN) {
      return [problem({ now: `${now}${forWhat}`, wanted: `at least ${PORTS_MIN}`, fix })];
    }
    if (ports >= needed || range.from <= 1_024) return [ok(`${now}${forWhat}`)];
    return [advice({ now: `${now}${forWhat}`, wanted: `at least ${needed}`, fix })];
  },
};

/** Most connections at once to the server that may get the most; 0 without a configuration. */
function connectionsPerServer({ plan }: Facts): number {
  if (plan === null) return 0;
  const all = plan.limits.connections * plan.workers;
  const perServer = plan.pools
    .filter(({ source }) => source === null)
    .flatMap(({ servers }) => servers)
    .filter(({ address }) => address.family !== 'unix')
    .map(({ maxConnections }) => (maxConnections === 0 ? all : Math.min(all, maxConnections)));
  return Math.max(0, ...perServer);
}

export const reservedPorts: Check = {
  name: 'ip-local-reserved-ports',
  looksAt: 'ports of listeners within `net.ipv4.ip_local_port_range`',
  why:
    'The kernel may give such a port to an outgoing connection while Ballast is stopped; then the ' +
    'next start fails with `BAL_LISTEN_IN_USE`.',
  remedy: '`sysctl -w net.ipv4.ip_local_reserved_ports=PORT`, or a port below the range',
  look: (facts) => {
    const range = rangeOf(facts.sysctl(RANGE));
    if (range === null || facts.plan === null) return [];
    const reserved = facts.sysctl(RESERVED) ?? '';
    const ports = [...new Set(facts.binds.map(({ port }) => port))]
      .filter((port) => port >= range.from && port <= range.to && !isListed(reserved, port))
      .sort((a, b) => a - b);
    if (ports.length === 0) return [ok(`no listener has a port from ${range.from} to ${range.to}`)];
    const list = [...(reserved === '' ? [] : [reserved]), ...ports].join(',');
    return [
      advice({
        now: `${ports.join(', ')} may be given to outgoing connections`,
        wanted: `${RESERVED} has them`,
        fix: sysctlFix(facts, RESERVED, list),
      }),
    ];
  },
};

/** Whether a list such as `8080,9000-9010` has a port. */
function isListed(list: string, port: number): boolean {
  return list.split(',').some((part) => {
    const [from = '', to = from] = part.split('-');
    return from !== '' && port >= Number(from) && port <= Number(to);
  });
}
