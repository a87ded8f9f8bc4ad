/**
 * The first bytes of a client whose network is not listed for the PROXY protocol, where others are:
 * they are held until it is certain that they are no such header, with which it would speak for
 * somebody else.
 */
import { REASON } from '../../base/reasons.ts';
import { PROXY_V1_BYTES_MAX } from '../../codec/proxy-header.ts';
import { PROXY_LOOK, looksLikeProxyHeader } from '../../codec/proxy-protocol.ts';
import { RECEIVE_AT, bytes } from '../buffers.ts';
import { FAILED, readFrom, restoreInput, saveInput, writeTo } from '../connection.ts';
import { abortSession } from './end-session.ts';
import { writeFailed } from './relay-session.ts';
import type { TcpSession } from './session.ts';

/** Reads as long as it is not certain; false when the session has ended. */
export function screenFirstBytes(s: TcpSession): boolean {
  const { client } = s;
  while (s.isUnlisted && client.canRead) {
    const saved = restoreInput(client, RECEIVE_AT);
    const got = readFrom(client, RECEIVE_AT + saved, PROXY_V1_BYTES_MAX);
    if (got === -2) return end(s, REASON.clientReset);
    const length = saved + Math.max(0, got);
    const look = looksLikeProxyHeader(bytes, RECEIVE_AT, length);
    if (look === PROXY_LOOK.yes) return end(s, REASON.proxyHeaderUntrusted);
    // Nothing came, or too little to tell; at the end of the stream it is certain.
    if (got !== 0 && (got < 0 || look === PROXY_LOOK.perhaps)) {
      if (length > 0 && !saveInput(client, RECEIVE_AT, length)) return end(s, REASON.bufferMemory);
      continue;
    }
    s.isUnlisted = false;
    if (length > 0 && writeTo(s.upstream!, RECEIVE_AT, length) === FAILED) {
      writeFailed(s, s.upstream!);
      return false;
    }
  }
  return true;
}

function end(s: TcpSession, reason: number): boolean {
  abortSession(s, reason);
  return false;
}
