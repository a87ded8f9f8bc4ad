/** The PROXY header that begins a client's connection, where its network is listed for it. */
import { cidrListContains, parseIp } from '../codec/ip-address.ts';
import { ProxyHeader } from '../codec/proxy-header.ts';
import { parseProxyHeader } from '../codec/proxy-protocol.ts';
import { bytes } from './buffers.ts';

/** Whom a header speaks of. */
export type ProxiedClient = {
  clientText: string;
  clientPort: number;
  destinationText: string;
  destinationPort: number;
};

const header = new ProxyHeader();

/** Whether connections from `clientText` must begin with a header. A unix socket is in no network. */
export function expectsProxyHeader(from: Uint8Array | null, clientText: string): boolean {
  if (from === null) return false;
  const address = parseIp(clientText);
  return address !== null && cidrListContains(from, address);
}

/**
 * Takes the header at bytes[at …] and what it says of the client: its length, 0 where more of it is
 * to come, below 0 where it is none. LOCAL and unknown families leave the connection's own addresses.
 */
export function takeProxyHeader(client: ProxiedClient, at: number, length: number): number {
  const result = parseProxyHeader(bytes, at, length, header);
  if (result > 0 && header.hasIp) {
    client.clientText = header.sourceText();
    client.clientPort = header.sourcePort;
    client.destinationText = header.destinationText();
    client.destinationPort = header.destinationPort;
  }
  return result;
}
