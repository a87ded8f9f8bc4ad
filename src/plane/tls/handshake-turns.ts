/** Handshakes of either kind of listener that go on, or end, for a reason that is not their own. */
import { REASON } from '../../base/reasons.ts';
import { ROLE } from '../connection.ts';
import type { Connection } from '../connection.ts';
import type { Downstream } from '../downstream.ts';
import { abortSession } from '../tcp/end-session.ts';
import { goOnWithTls } from '../tcp/session-tls.ts';
import type { TcpClient } from '../tcp/session.ts';
import { worker } from '../worker-state.ts';
import { nextWaiting } from './handshake-queue.ts';
import { endHandshake, readHandshake } from './http-handshake.ts';
import type { DownstreamTls } from './downstream-tls.ts';
import { TLS_STAGE } from './tls-stream.ts';

/** Ends the handshake that has to make room. */
export function evictHandshake(c: Connection): void {
  worker.current = c;
  if (c.role === ROLE.downstream) endHandshake(c as Downstream, REASON.tlsEvicted);
  else abortSession((c as TcpClient).session, REASON.tlsEvicted);
}

/** Called each turn: handshakes that have waited use their private keys, as many as the turn has. */
export function runWaitingHandshakes(): void {
  for (let c = nextWaiting(); c !== null; c = nextWaiting()) run(c);
}

function run(c: Connection): void {
  worker.current = c;
  const t = c.tls as DownstreamTls;
  if (t.stage !== TLS_STAGE.waiting) return;
  t.stage = TLS_STAGE.handshake;
  if (c.role === ROLE.downstream) readHandshake(c as Downstream, t);
  else goOnWithTls((c as TcpClient).session, t);
}
