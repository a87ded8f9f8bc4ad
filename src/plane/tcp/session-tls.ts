/** Sessions of layer 4 whose TLS ends here: the handshake, between the ClientHello and a server. */
import { LISTENER_METER } from '../../base/meters.ts';
import { REASON } from '../../base/reasons.ts';
import type { ClientHello } from '../../codec/tls-client-hello.ts';
import { arm } from '../connection.ts';
import { bump } from '../meter-segment.ts';
import { TIMER } from '../timers.ts';
import { enterHandshake } from '../tls/handshake-queue.ts';
import { allowHandshake } from '../tls/handshake-rate.ts';
import { evictHandshake } from '../tls/handshake-turns.ts';
import { GOES_ON, OPEN, prepareHandshake, runHandshake } from '../tls/downstream-handshake.ts';
import { DownstreamTls } from '../tls/downstream-tls.ts';
import type { Termination } from '../tls/termination.ts';
import { TLS_STAGE } from '../tls/tls-stream.ts';
import { worker } from '../worker-state.ts';
import { routeSession } from './connect-session.ts';
import { abortSession, refuseSession } from './end-session.ts';
import type { TcpSession } from './session.ts';
import type { TcpRouteRuntime } from './tcp-listener.ts';

/** The ClientHello is whole, its records are kept as the client's input, and its route is known. */
export function beginSessionTls(
  s: TcpSession,
  route: TcpRouteRuntime,
  termination: Termination,
  hello: ClientHello,
): void {
  const { client } = s;
  const { rate } = termination.plan;
  if (rate !== null && !allowHandshake(s.clientText, rate)) {
    abortSession(s, REASON.tlsRate);
    return;
  }
  const t = new DownstreamTls(termination, s.listener.meter);
  client.tls = t;
  s.routeAfterTls = route;
  // What TLS carries is counted from here on.
  client.bytesIn = s.headerBytes;
  arm(client, TIMER.handshake, termination.plan.handshakeMs);
  const oldest = enterHandshake(client, t);
  if (oldest !== null) evictHandshake(oldest);
  worker.current = client;
  const prepared = prepareHandshake(client, t, hello);
  if (prepared === GOES_ON) goOnWithTls(s, t);
  else failSessionTls(s, -prepared);
}

/** Goes on with a handshake: called when there is, or may be, input. */
export function goOnWithTls(s: TcpSession, t: DownstreamTls): void {
  if (t.stage !== TLS_STAGE.handshake) return;
  const result = runHandshake(s.client, t);
  if (result === OPEN) {
    s.client.kind = TIMER.none;
    routeSession(s, s.routeAfterTls!);
  } else if (result !== GOES_ON) failSessionTls(s, -result);
}

/** The alert is sent: it must not be lost with a reset. */
function failSessionTls(s: TcpSession, reason: number): void {
  bump(s.listener.meter + LISTENER_METER.handshakesFailed);
  refuseSession(s, reason);
}
