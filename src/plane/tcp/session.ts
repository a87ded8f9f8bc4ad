/**
 * One connection of layer 4 through the balancer, from the accept to the last byte.
 *
 *   accept ─► hello ─► [queued] ─► connecting ─► relaying ─► ended
 *     │  PROXY header,     ▲            │
 *     │  ClientHello       └── retry ───┘
 *     └─ straight on where neither is looked at: the server may be the first to speak
 */
import type { TcpAcceptor } from '../acceptor.ts';
import { Connection, ROLE } from '../connection.ts';
import { Placement } from '../placement.ts';
import type { Upstream } from '../upstream.ts';
import { worker } from '../worker-state.ts';
import { connectSession } from './connect-session.ts';
import { abortSession } from './end-session.ts';
import type { Lane } from './splice-lane.ts';
import type { TcpListenerRuntime, TcpRouteRuntime } from './tcp-listener.ts';

export const STAGE = {
  /** A PROXY header or a ClientHello is awaited. */
  hello: 0,
  queued: 1,
  connecting: 2,
  relaying: 3,
  ended: 4,
} as const;

/** The client's side of a session. */
export class TcpClient extends Connection {
  readonly acceptor: TcpAcceptor;
  readonly session: TcpSession;

  constructor(fd: number, acceptor: TcpAcceptor) {
    super(ROLE.tcpClient, fd);
    this.acceptor = acceptor;
    this.session = new TcpSession(this, acceptor.listener);
  }
}

export class TcpSession extends Placement {
  readonly client: TcpClient;
  readonly listener: TcpListenerRuntime;
  stage: number = STAGE.hello;
  route: TcpRouteRuntime | null = null;
  /** Where it goes once its TLS is ended. */
  routeAfterTls: TcpRouteRuntime | null = null;
  upstream: Upstream | null = null;
  /** The client's address and port; behind a trusted proxy those that its PROXY header gives. */
  clientText = '';
  clientPort = 0;
  /** Where the client had connected to, as a PROXY header gives it; "" is our own address. */
  destinationText = '';
  destinationPort = 0;
  /** Its network is listed: the connection begins with a PROXY header. */
  awaitsProxyHeader = false;
  /** Its network is not listed where others are: no PROXY header is taken from it. */
  isUnlisted = false;
  /** Of a PROXY header; "" where it has none. */
  uniqueId = '';
  /** Of the ClientHello; "" where it has none or none was looked at. */
  serverName = '';
  readonly startMs = worker.nowMs;
  /** Lanes of the two directions, while they carry bulk. */
  up: Lane | null = null;
  down: Lane | null = null;
  /** Keep-alive probes towards the server are on, where its pool wants them. */
  isProbed = false;
  /** One side has finished, the other has not. */
  isHalfClosed = false;
  /** When a byte passed for the last time. */
  activeMs = worker.nowMs;
  /** When the server's first byte came; -1 until then. */
  firstByteMs = -1;
  /** Bytes of the client's that are none of the session's: the PROXY header. */
  headerBytes = 0;
  /** What of bytesIn and bytesOut of the client's side is in the meters already. */
  countedIn = 0;
  countedOut = 0;

  constructor(client: TcpClient, listener: TcpListenerRuntime) {
    super();
    this.client = client;
    this.listener = listener;
  }

  /** A client that has sent its FIN may still wait for all that the server has to say. */
  get isAbandoned(): boolean {
    return false;
  }

  queued(): void {
    this.stage = STAGE.queued;
  }

  admitted(index: number): void {
    connectSession(this, index);
  }

  refused(reason: number): void {
    abortSession(this, reason);
  }
}
