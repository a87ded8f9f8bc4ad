/** Routes: struct rtmsg of <linux/rtnetlink.h>. */
import {
  MessageWriter,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  RTM,
} from './message.ts';

const FIXED_BYTES = 12;
const RTA = {
  destination: 1,
  outInterface: 4,
  gateway: 5,
  metric: 6,
  source: 7,
  table: 15,
} as const;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;
const SCOPE_UNIVERSE = 0;
const SCOPE_LINK = 253;
const FAMILY = { ipv4: 2, ipv6: 10 } as const;

export type Route = {
  readonly family: 'ipv4' | 'ipv6';
  readonly index: number;
  readonly destination: Uint8Array;
  readonly prefix: number;
  readonly via: Uint8Array | null;
  readonly source: Uint8Array | null;
  /** 0 is the main table. */
  readonly table: number;
  readonly metric: number;
};

function write(type: number, flags: number, sequence: number, route: Route): Uint8Array {
  const fixed = Buffer.alloc(FIXED_BYTES);
  const table = route.table === 0 ? RT_TABLE_MAIN : route.table;
  const scope = route.via === null && route.family === 'ipv4' ? SCOPE_LINK : SCOPE_UNIVERSE;
  fixed.set([FAMILY[route.family], route.prefix, 0, 0, table < 256 ? table : 0]);
  fixed.set([RTPROT_STATIC, scope, RTN_UNICAST], 5);
  const message = new MessageWriter(type, NLM_F_REQUEST | NLM_F_ACK | flags, sequence).fixed(fixed);
  if (route.prefix > 0) message.attribute(RTA.destination, route.destination);
  message.attributeU32(RTA.outInterface, route.index).attributeU32(RTA.table, table);
  if (route.via !== null) message.attribute(RTA.gateway, route.via);
  if (route.source !== null) message.attribute(RTA.source, route.source);
  if (route.metric > 0) message.attributeU32(RTA.metric, route.metric);
  return message.end();
}

/** Sets a route, or replaces the one to the same network with the same metric. */
export function setRoute(route: Route, sequence: number): Uint8Array {
  return write(RTM.newRoute, NLM_F_CREATE | NLM_F_REPLACE, sequence, route);
}

/** Removes a route. */
export function removeRoute(route: Route, sequence: number): Uint8Array {
  return write(RTM.delRoute, 0, sequence, route);
}
