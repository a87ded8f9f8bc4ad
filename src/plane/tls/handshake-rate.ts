/** How often each network may begin a handshake, counted over all workers. */
import { parseIp } from '../../codec/ip-address.ts';
import { RATE_CELLS, allowByRate } from '../../machine/handshake-rate.ts';
import type { HandshakeRate } from '../../machine/handshake-rate.ts';
import { sharedCounters } from '../meter-segment.ts';
import { monotonicOriginMs } from '../passive.ts';
import { SHARED } from '../worker-protocol.ts';
import { worker } from '../worker-state.ts';

const cells = sharedCounters.subarray(SHARED.handshakeRates, SHARED.handshakeRates + RATE_CELLS);

/** Bytes of an address that make its network: IPv4 /24, IPv6 /56. */
const IPV4_BYTES = 3;
const IPV6_BYTES = 7;

/** Whether a client may begin a handshake now. One of a unix socket always may. */
export function allowHandshake(clientText: string, rate: HandshakeRate): boolean {
  const address = parseIp(clientText);
  if (address === null) return true;
  const length = address.length === 4 ? IPV4_BYTES : IPV6_BYTES;
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ address[i]!, 0x01000193);
  return allowByRate(cells, hash, rate, ((monotonicOriginMs + worker.nowMs) * 10) | 0);
}
