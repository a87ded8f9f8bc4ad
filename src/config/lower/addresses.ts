import { resolve } from 'node:path';
import type { AddressPlan, DataPathTarget, FloatingIpPlan, TrackPlan } from '../plan-addresses.ts';
import type { VrrpAuthPlan } from '../plan-addresses.ts';
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

/** `listeners` are those of the whole plan, `folder` is that of the configuration file. */
export type AddressContext = {
  readonly listeners: readonly ListenerPlan[];
  readonly folder: string;
};

/** The plan of one entry. */
export function lowerAddress(
  config: FloatingConfig,
  key: string,
  { listeners, folder }: AddressContext,
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
      virtualMac: vrrp.virtualMac,
      auth: vrrp.auth === undefined ? null : authPlan(vrrp.auth, folder),
      second:
        vrrp.second === undefined
          ? null
          : { interface: vrrp.second.interface, peers: hosts(vrrp.second.peers) },
    },
    leaseMs: config.lease,
    witnesses: hosts(config.witnesses),
    tracks: config.track.map((track, i) => lowerTrack(track, `${key}/track-${i + 1}`, folder)),
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

function authPlan(auth: VrrpAuthPlan, folder: string): VrrpAuthPlan {
  return { ...auth, keys: auth.keys.map(({ id, file }) => ({ id, file: resolve(folder, file) })) };
}

function lowerTrack(track: TrackConfig, place: string, folder: string): TrackPlan {
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
    return { key: `file ${track.file}`, weight, kind: 'file', path: resolve(folder, track.file) };
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
