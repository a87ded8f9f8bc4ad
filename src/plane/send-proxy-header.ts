/** The PROXY header that begins a connection to a server. */
import { ProxyAddresses } from '../codec/proxy-header.ts';
import { PROXY_V2_WRITE_BYTES_MAX, writeProxyV2 } from '../codec/proxy-protocol-v2.ts';
import { writeProxyV1 } from '../codec/proxy-protocol-v1.ts';
import type { ProxySendPlan } from '../config/plan-layer4.ts';
import { boundAddress } from '../sys/sockets.ts';
import { bytes, reserveRegion } from './buffers.ts';
import { FAILED, writeTo } from './connection.ts';
import type { Connection } from './connection.ts';
import { newRequestId } from './request-id.ts';
import type { Upstream } from './upstream.ts';

/** Whom a connection to a server is made for. */
export type ProxyOrigin = {
  readonly clientText: string;
  readonly clientPort: number;
  /** Where the client connected to, where a proxy before us said so; else "". */
  readonly destinationText: string;
  readonly destinationPort: number;
  readonly serverName: string;
  readonly uniqueId: string;
};

const addresses = new ProxyAddresses();
/** Region of its own: what is to be sent after the header may be in the shared ones. */
const REGION_BYTES = 1_024;
const region = reserveRegion(Math.max(REGION_BYTES, PROXY_V2_WRITE_BYTES_MAX));

/** That of a proxy before us goes on: one connection, one identifier. */
function uniqueIdOf(origin: ProxyOrigin): string {
  return origin.uniqueId === '' ? newRequestId() : origin.uniqueId;
}

/** Sends the header of the pool's version for a client; false when the connection is broken. */
export function sendProxyHeader(
  u: Upstream,
  plan: ProxySendPlan,
  client: Connection,
  origin: ProxyOrigin,
): boolean {
  let { destinationText, destinationPort } = origin;
  if (destinationText === '') {
    const own = boundAddress(client.fd);
    destinationText = own.family === 'unix' ? '' : own.host;
    destinationPort = own.port;
  }
  addresses.setTcp(origin.clientText, origin.clientPort, destinationText, destinationPort);
  const end =
    plan.version === 1
      ? writeProxyV1(bytes, region, addresses)
      : writeProxyV2(bytes, region, addresses, {
          authority: plan.authority ? origin.serverName : '',
          uniqueId: plan.uniqueId ? uniqueIdOf(origin) : '',
          checksum: plan.checksum,
        });
  return writeTo(u, region, end - region) !== FAILED;
}
