/** A client's connection. */
import { LISTENER_METER, WORKER_METER } from '../base/meters.ts';
import { cidrListContains, parseIp } from '../codec/ip-address.ts';
import type { HttpAcceptor } from './acceptor.ts';
import { Connection, ROLE, closeConnection } from './connection.ts';
import type { Exchange } from './exchange.ts';
import { bump } from './meter-segment.ts';
import { expectsProxyHeader } from './proxy-input.ts';
import type { ListenerRuntime } from './runtime.ts';
import { worker } from './worker-state.ts';

export class Downstream extends Connection {
  readonly acceptor: HttpAcceptor;
  /** The client's address as text; empty for a unix socket. */
  clientText: string;
  clientPort: number;
  /** Where the client had connected to, as its PROXY header says; "" is our own address. */
  destinationText = '';
  destinationPort = 0;
  /** Its network is listed: the connection begins with a PROXY header. */
  awaitsProxyHeader: boolean;
  exchange: Exchange | null = null;
  /** Requests begun on it. */
  requests = 0;
  /** What `inBlock` holds has not been parsed yet: a pipelined request. */
  isInputUnparsed = false;
  isTrusted = false;
  /** Of its PROXY header; "" where it has none. */
  serverName = '';
  uniqueId = '';
  /** The listener whose trust list `isTrusted` was read from. */
  #trustedBy: ListenerRuntime | null = null;
  /** The answer that waits to be sent is the last one. */
  closesWhenSent = false;
  /** A request body was not read to its end: the client may still be sending it. */
  expectsMore = false;
  /** The last answer is sent and our FIN too; what still arrives is thrown away. */
  isLingering = false;
  lingerBytes = 0;
  /** Meters of the listener that counted it in. */
  readonly meter: number;
  /** bytesIn and bytesOut that are in the meters already. */
  countedIn = 0;
  countedOut = 0;

  constructor(fd: number, acceptor: HttpAcceptor, clientText: string, clientPort: number) {
    super(ROLE.downstream, fd);
    this.acceptor = acceptor;
    this.clientText = clientText;
    this.clientPort = clientPort;
    this.awaitsProxyHeader = expectsProxyHeader(acceptor.listener.proxyFrom, clientText);
    this.meter = acceptor.listener.meter;
  }

  /** As servers are told. */
  get scheme(): 'http' | 'https' {
    return this.tls === null ? 'http' : 'https';
  }

  /** Settles `isTrusted` for the listener as it is now: a reload may have changed its list. */
  settleTrust(listener: ListenerRuntime): void {
    if (this.#trustedBy === listener) return;
    this.#trustedBy = listener;
    const address = listener.trust.length === 0 ? null : parseIp(this.clientText);
    this.isTrusted = address !== null && cidrListContains(listener.trust, address);
  }
}

/** Counts the bytes since the last call into the listener's meters. */
export function countBytes(d: Downstream): void {
  bump(d.meter + LISTENER_METER.bytesIn, d.bytesIn - d.countedIn);
  bump(d.meter + LISTENER_METER.bytesOut, d.bytesOut - d.countedOut);
  d.countedIn = d.bytesIn;
  d.countedOut = d.bytesOut;
}

/** Closes a client's connection that has no exchange any more. */
export function closeDownstream(d: Downstream): void {
  if (d.isClosed) return;
  countBytes(d);
  worker.clients--;
  bump(WORKER_METER.connectionsLive, -1);
  bump(d.meter + LISTENER_METER.connectionsLive, -1);
  closeConnection(d);
}
