/** The PROXY header that begins a client's connection, where its network is listed for it. */
import { cidrListContains, parseIp } from '../codec/ip-address.ts';
import { PROXY_RANGE, ProxyHeader } from '../codec/proxy-header.ts';
import { parseProxyHeader } from '../codec/proxy-protocol.ts';
import { bytes } from './buffers.ts';

/** Whom a header speaks of. */
export type ProxiedClient = {
  clientText: string;
  clientPort: number;
  destinationText: string;
  destinationPort: number;
  /** PP2_TYPE_AUTHORITY and PP2_TYPE_UNIQUE_ID, kept for the log and for the next header; or "". */
  serverName: string;
  uniqueId: string;
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
  if (result > 0) keepDetails(client);
  return result;
}

function keepDetails(client: ProxiedClient): void {
  if (header.has(PROXY_RANGE.authority)) {
    client.serverName = header.text(bytes, PROXY_RANGE.authority);
  }
  if (header.has(PROXY_RANGE.uniqueId)) {
    client.uniqueId = header.text(bytes, PROXY_RANGE.uniqueId);
  }
}
