/**
 * Reading and writing through TLS. Records are received into a region of the worker's buffer memory
 * and decrypted from there to where a plain receive would have put the bytes; what is written is
 * encrypted into another region and sent from there. A connection holds nothing meanwhile: its only
 * memory is that of the library, and a block where a record did not fit.
 *
 *   recv ─► CIPHER_AT ─► SSL_read ─► at          at ─► SSL_write ─► RECORDS_AT ─► send
 */
import { EAGAIN } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import {
  SSL_ERROR,
  SSL_free,
  SSL_get_error,
  SSL_new_session_ticket,
  SSL_pending,
  SSL_read,
  SSL_set_shutdown,
  SSL_shutdown,
  SSL_write,
  takeOpensslError,
} from '../../sys/tls/openssl.ts';
import { RecordBios } from '../../sys/tls/record-bios.ts';
import { BASE, bytes, giveBlock, reserveRegion, takeBlock } from '../buffers.ts';
import { FAILED, WRITTEN, broken, sendOrKeep } from '../connection.ts';
import type { Connection } from '../connection.ts';
import type { DownstreamTls } from './downstream-tls.ts';
import { readEarly, writeEarly } from './early-data.ts';
import { leaveHandshake } from './handshake-queue.ts';
import { TLS_STAGE } from './tls-stream.ts';
import type { TlsStream } from './tls-stream.ts';

/** Bytes of records that are received at once. */
export const CIPHER_BYTES = 128 << 10;
/** Where records are received. */
export const CIPHER_AT = reserveRegion(CIPHER_BYTES);
/** Bytes that are encrypted in one go; each 16 KiB of them become a record. */
const PLAIN_BYTES_MAX = 224 << 10;
/** Room for the records of that, and for the longest flight of a handshake. */
const RECORDS_BYTES = 256 << 10;
const RECORDS_AT = reserveRegion(RECORDS_BYTES);
/** A record with its overhead (RFC 8446 §5.2). */
const RECORD_BYTES_MAX = (16 << 10) + 256 + 5;
/** SSL_SENT_SHUTDOWN and SSL_RECEIVED_SHUTDOWN: a session ended without them is not resumed. */
const BOTH_SHUT = 3;
const MSG_NOSIGNAL = 0x4000;

export const bios = new RecordBios({ address: BASE + RECORDS_AT, bytes: RECORDS_BYTES });

/** Sends what the library has written, if anything: WRITTEN, BLOCKED or FAILED. */
export function sendRecords(c: Connection): number {
  const length = bios.outputLength;
  if (length === 0) return WRITTEN;
  bios.clearOutput();
  return sendOrKeep(c, RECORDS_AT, length);
}

/** writeTo for a connection with TLS. */
export function writeTls(c: Connection, t: TlsStream, at: number, length: number): number {
  if (t.isBroken) return broken();
  if (t.owesTicket) {
    t.owesTicket = false;
    // Of TLS 1.2 it does nothing: its ticket is a part of the handshake.
    SSL_new_session_ticket(t.ssl);
  }
  let result = WRITTEN;
  for (let done = 0; done < length;) {
    const size = Math.min(length - done, PLAIN_BYTES_MAX);
    const written = t.isEarly
      ? writeEarly(t as DownstreamTls, at + done, size)
      : SSL_write(t.ssl, BASE + at + done, size);
    if (written !== size) {
      bios.clearOutput();
      takeOpensslError();
      t.isBroken = true;
      return broken();
    }
    done += size;
    if (t.endsWithWrite && done === length) writeGoodbye(t);
    result = sendRecords(c);
    if (result === FAILED) return FAILED;
  }
  c.bytesOut += length;
  return result;
}

/** readFrom for a connection with TLS; an end without close_notify is an end like another. */
export function readTls(c: Connection, t: TlsStream, at: number, length: number): number {
  for (;;) {
    if (t.isBroken) return -2;
    if (t.isFinished && !hasTlsInput(t)) return 0;
    let isLast = false;
    let records = takeHeld(t);
    if (records === 0 && !t.hasPlain) {
      const wanted = length < RECORD_BYTES_MAX ? RECORD_BYTES_MAX : CIPHER_BYTES;
      records = libc.recv(c.fd, BASE + CIPHER_AT, wanted, 0);
      if (records <= 0) return nothingCame(c, records);
      isLast = records < wanted && !c.isHangup;
    }
    bios.setInput(BASE + CIPHER_AT, records);
    const got = decrypt(c, t, at, length);
    if (isLast && !hasTlsInput(t) && !t.isFinished && !t.isBroken) c.canRead = false;
    if (got !== 0) {
      if (got > 0) c.bytesIn += got;
      return got;
    }
    // Nothing but a part of a record, or what the library keeps for itself.
    if (!c.canRead) return -1;
  }
}

function nothingCame(c: Connection, got: number): number {
  if (got === 0) return 0;
  c.canRead = false;
  return libc.errno() === EAGAIN ? -1 : -2;
}

/** Decrypts the input; > 0 bytes, 0 none yet or no more, -2 broken. */
function decrypt(c: Connection, t: TlsStream, at: number, length: number): number {
  const end = CIPHER_AT + bios.inputLeft;
  t.hasPlain = false;
  let got = 0;
  for (;;) {
    const size = t.isEarly
      ? readEarly(t as DownstreamTls, at + got, length - got)
      : SSL_read(t.ssl, BASE + at + got, length - got);
    if (size <= 0) {
      note(t, size);
      break;
    }
    got += size;
    if (got === length) {
      t.hasPlain = SSL_pending(t.ssl) > 0;
      break;
    }
    if (bios.inputLeft === 0) break;
  }
  const left = bios.inputLeft;
  if (left > 0 && !t.isBroken && !t.isFinished) hold(t, end - left, left);
  // An alert, or the answer to a change of keys.
  if (bios.outputLength > 0 && sendRecords(c) === FAILED) t.isBroken = true;
  return got === 0 && t.isBroken ? -2 : got;
}

function note(t: TlsStream, result: number): void {
  const error = SSL_get_error(t.ssl, result);
  if (error === SSL_ERROR.zeroReturn) t.isFinished = true;
  else if (error !== SSL_ERROR.wantRead) {
    takeOpensslError();
    t.isBroken = true;
  }
}

/** Keeps records that are to be read later. */
export function hold(t: TlsStream, at: number, length: number): void {
  const block = takeBlock(length);
  if (block < 0) {
    t.isBroken = true;
    return;
  }
  bytes.copyWithin(block, at, at + length);
  t.heldBlock = block;
  t.heldLength = length;
}

/** Moves what is kept to where records are received; returns its length. */
function takeHeld(t: TlsStream): number {
  const length = t.heldLength;
  if (length === 0) return 0;
  bytes.copyWithin(CIPHER_AT, t.heldBlock, t.heldBlock + length);
  dropHeld(t);
  return length;
}

function dropHeld(t: TlsStream): void {
  if (t.heldBlock >= 0) giveBlock(t.heldBlock);
  t.heldBlock = -1;
  t.heldLength = 0;
}

/** Whether something can be read that the kernel does not know of. */
export function hasTlsInput(t: TlsStream): boolean {
  return t.heldLength > 0 || t.hasPlain;
}

function writeGoodbye(t: TlsStream): void {
  if (t.hasSaidGoodbye) return;
  t.hasSaidGoodbye = true;
  SSL_shutdown(t.ssl);
  takeOpensslError();
}

/** Says that we send no more; true when it is sent, so that the FIN may follow. */
export function sayGoodbye(c: Connection, t: TlsStream): boolean {
  if (t.stage !== TLS_STAGE.open || t.isBroken || t.hasSaidGoodbye) return c.outLength === 0;
  writeGoodbye(t);
  sendRecords(c);
  return c.outLength === 0;
}

/** Ends TLS on a connection that is about to be closed, and gives back what it holds. */
export function endTls(c: Connection, t: TlsStream): void {
  dropHeld(t);
  leaveHandshake(t);
  const { ssl } = t;
  if (ssl === 0) return;
  t.ssl = 0;
  if (t.stage === TLS_STAGE.open && !t.isCut && !t.isBroken && !t.hasSaidGoodbye) {
    SSL_shutdown(ssl);
    takeOpensslError();
    // Whoever does not take it now is told by the FIN.
    if (c.outLength === 0) {
      libc.send(c.fd, BASE + RECORDS_AT, bios.outputLength, MSG_NOSIGNAL);
    }
    bios.clearOutput();
  }
  t.isBroken = true;
  SSL_set_shutdown(ssl, BOTH_SHUT);
  SSL_free(ssl);
}
