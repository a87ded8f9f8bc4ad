import type { AddressPlan, DataPathTarget, FloatingIpPlan, TrackPlan } from '../plan-addresses.ts';
import type { BindPlan, ListenerPlan } from '../plan.ts';
import type { FloatingConfig, TrackConfig } from '../schema/floating.ts';
import type { PrefixedIp } from '../schema/floating-ip.ts';

const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** All floating addresses of a file, as canonical texts. */
export function floatingHosts(addresses: Readonly<Record<string, FloatingConfig>>): Set<string> {
  const all = Object.values(addresses).flatMap(({ ips, unadvertised }) => [
    ...ips,
    ...unadvertised,
  ]);
  return new Set(all.map(({ host }) => host));
}

/** The plan of one entry; `listeners` are those of the whole plan. */
export function lowerAddress(
  config: FloatingConfig,
  key: string,
  listeners: readonly ListenerPlan[],
): AddressPlan {
  const { vrrp, scope } = config;
  const ip =
    (advertise: boolean) =>
    (given: PrefixedIp): FloatingIpPlan => ({
      ...given,
      scope,
      advertise,
    });
  const ips = [...config.ips.map(ip(true)), ...config.unadvertised.map(ip(false))];
  return {
    key,
    group: config.group ?? key,
    interface: config.interface,
    ips,
    routes: config.routes.map(({ to, via, source, table, metric }) => ({
      ...to,
      via: via?.host ?? null,
      source: source?.host ?? null,
      table,
      metric,
    })),
    vrrp: {
      id: vrrp.id,
      version: vrrp.version === 2 ? 2 : 3,
      priority: vrrp.priority,
      intervalMs: vrrp.interval,
      misses: vrrp.misses,
      peers: hosts(vrrp.peers),
      source: vrrp.source?.host ?? null,
      preempt: vrrp.preempt,
      preemptDelayMs: vrrp.preemptDelay,
      checksum: vrrp.checksum,
      auth: null,
      second:
        vrrp.second === undefined
          ? null
          : { interface: vrrp.second.interface, peers: hosts(vrrp.second.peers) },
    },
    leaseMs: config.lease,
    virtualMac: false,
    witnesses: hosts(config.witnesses),
    tracks: config.track.map((track, i) => lowerTrack(track, `${key}/track-${i + 1}`)),
    health: {
      everyMs: config.health.every,
      timeoutMs: config.health.timeout,
      rise: config.health.rise,
      fall: config.health.fall,
      listeners: config.health.connect ? targets(ips, listeners) : [],
    },
  };
}

const hosts = (binds: readonly BindPlan[]): string[] => binds.map(({ host }) => host);

function lowerTrack(track: TrackConfig, place: string): TrackPlan {
  const { weight, every: everyMs, timeout: timeoutMs, rise, fall } = track;
  if (track.interface !== undefined) {
    return {
      key: `interface ${track.interface}`,
      weight,
      kind: 'interface',
      interface: track.interface,
    };
  }
  if (track.gateway !== undefined) {
    const { host } = track.gateway;
    const pace = { everyMs, timeoutMs, rise, fall };
    return { key: `gateway ${host}`, weight, kind: 'gateway', host, ...pace };
  }
  if (track.script !== undefined) {
    return {
      key: `script ${track.script[0]!.split('/').at(-1)} (${place})`,
      weight,
      kind: 'script',
      command: track.script,
      everyMs,
      timeoutMs,
      rise,
      fall,
    };
  }
  if (track.file !== undefined) {
    return { key: `file ${track.file}`, weight, kind: 'file', path: track.file };
  }
  const pool = track.pool ?? '';
  return { key: `pool ${pool}`, weight, kind: 'pool', pool, minUp: track.minUp };
}

/** Listeners that are reached at an address: bound to it, or to all addresses. */
function targets(
  ips: readonly FloatingIpPlan[],
  listeners: readonly ListenerPlan[],
): DataPathTarget[] {
  const own = new Set(ips.map(({ host }) => host));
  return listeners.flatMap((listener) => {
    if (listener.protocol === 'udp') return [];
    const speaksHttp = listener.protocol === 'http' && listener.tls === null;
    return listener.binds
      .filter(
        ({ family, host, port }) =>
          family !== 'unix' && port > 0 && (own.has(host) || ANY.has(host)),
      )
      .map((bind) => ({ listener: listener.key, bind, speaksHttp }));
  });
}
