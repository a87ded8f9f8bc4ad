/** Every way by which the virtual routers of one entry speak and are heard. */
import type { AddressPlan } from '../config/plan-addresses.ts';
import { AdvertAuth } from './advert-auth.ts';
import { Face, type FaceAdvert, type FaceOptions } from './face.ts';
import type { Ports } from './ports.ts';

export type FaceHearer = {
  readonly onAdvert: (face: Face, advert: FaceAdvert) => void;
  readonly onFault: FaceOptions['onFault'];
};

/** One for each family that is advertised, and one more for each where there is a second path. */
export function facesOf(plan: AddressPlan, ports: Ports, hearer: FaceHearer): Face[] {
  const faces: Face[] = [];
  const add = (path: Omit<FaceOptions, 'plan' | 'onAdvert' | 'onFault'>): void => {
    const face: Face = new Face({
      plan,
      ...path,
      onAdvert: (advert) => hearer.onAdvert(face, advert),
      onFault: hearer.onFault,
    });
    faces.push(face);
  };
  const { vrrp } = plan;
  const auth = vrrp.auth === null ? null : new AdvertAuth(vrrp.auth);
  for (const family of ['ipv4', 'ipv6'] as const) {
    if (!plan.ips.some((ip) => ip.family === family && ip.advertise)) continue;
    const beside = vrrp.second?.interface === plan.interface ? vrrp.second.peers : null;
    add({
      peers: [...vrrp.peers, ...(beside ?? [])],
      toGroup: vrrp.peers.length === 0 || beside?.length === 0,
      isFirstPath: true,
      auth,
      port: ports.advert(plan.interface, family, vrrp.source),
      family,
    });
    if (vrrp.second === null || beside !== null) continue;
    const { peers } = vrrp.second;
    const port = ports.advert(vrrp.second.interface, family, null);
    add({ peers, toGroup: peers.length === 0, isFirstPath: false, port, family, auth });
  }
  return faces;
}

/**
 * An interface of these that does not work, in either family; null: all do. All of a group's must,
 * since its addresses move together.
 */
export function withoutLink(faces: readonly Face[]): string | null {
  const first = faces.filter(({ options }) => options.isFirstPath);
  for (const own of Map.groupBy(first, ({ options }) => options.plan).values()) {
    if (own.every(({ port }) => !port.isOpen)) return own[0]!.options.plan.interface;
  }
  return null;
}
