/**
 * The fields that tell a server about its client: X-Forwarded-*, Forwarded (RFC 7239), Via
 * (RFC 9110 §7.6.3) and X-Request-Id. What a client sent of its own is believed, and continued,
 * only where it comes from a trusted network; from anywhere else it has been left out already.
 */
import type { ListenerRuntime } from './runtime.ts';
import type { ClientCertificate } from './tls/tls-stream.ts';
import { forwardedNode } from '../codec/forwarded.ts';
import { FIELD, FIELD_STRIDE } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import { putRun, putText, textOf } from './buffers.ts';
import type { Exchange } from './exchange.ts';

/** Writes the fields that the listener asks for at `at`; returns the offset after them. */
export function writeForwarding(x: Exchange, head: RequestHead, at: number): number {
  const listener = x.listener!;
  const plan = listener.plan.forwarded;
  const { isTrusted, clientText } = x.downstream!;
  let out = at;
  if (isTrusted || plan.xForwardedFor) {
    const own = plan.xForwardedFor ? clientText : '';
    out = writeList(
      head,
      { name: 'X-Forwarded-For: ', id: FIELD.xForwardedFor, own, isTrusted },
      out,
    );
  }
  if (plan.xForwardedProto && !(isTrusted && hasField(head, FIELD.xForwardedProto))) {
    out = putText(out, 'X-Forwarded-Proto: ');
    out = putText(out, x.downstream!.scheme);
    out = putText(out, '\r\n');
  }
  if (plan.xForwardedHost && head.hostStart >= 0) {
    if (!(isTrusted && hasField(head, FIELD.xForwardedHost))) {
      out = putText(out, 'X-Forwarded-Host: ');
      out = putRun(out, head.hostStart, head.hostEnd);
      out = putText(out, '\r\n');
    }
  }
  if (isTrusted || plan.forwarded) out = writeForwarded(x, head, out);
  if (listener.viaText !== null) out = putText(out, listener.viaText);
  if (x.isEarly) out = putText(out, 'Early-Data: 1\r\n');
  const client = x.downstream!.tls?.client ?? null;
  if (client !== null) out = writeClientCertificate(listener, client, out);
  if (x.requestId !== '') {
    out = putText(out, 'X-Request-Id: ');
    out = putText(out, x.requestId);
    out = putText(out, '\r\n');
  }
  return out;
}

/** What is told of a client's certificate, in the fields that the listener names. */
function writeClientCertificate(
  listener: ListenerRuntime,
  client: ClientCertificate,
  at: number,
): number {
  const fields = listener.plan.tls?.clientAuth?.fields;
  // A reload may have taken them away since the handshake.
  if (fields === undefined) return at;
  let out = putField(at, fields.subject, client.subject);
  out = putField(out, fields.names, client.names);
  out = putField(out, fields.fingerprint, client.fingerprint);
  return putField(out, fields.certificate, client.encoded);
}

function putField(at: number, name: string, value: string): number {
  return name === '' || value === '' ? at : putText(at, `${name}: ${value}\r\n`);
}

type ListField = { name: string; id: number; own: string; isTrusted: boolean };

/** Writes a list field in one line: what a trusted client sent, then our own element. */
function writeList(head: RequestHead, field: ListField, at: number): number {
  let out = putText(at, field.name);
  const start = out;
  if (field.isTrusted) {
    for (let i = 0, f = 0; i < head.fieldCount; i++, f += FIELD_STRIDE) {
      if (head.fields[f + 4] !== field.id) continue;
      if (out > start) out = putText(out, ', ');
      out = putRun(out, head.fields[f + 2]!, head.fields[f + 3]!);
    }
  }
  if (field.own !== '') {
    if (out > start) out = putText(out, ', ');
    out = putText(out, field.own);
  }
  return out === start ? at : putText(out, '\r\n');
}

function writeForwarded(x: Exchange, head: RequestHead, at: number): number {
  const plan = x.listener!.plan.forwarded;
  const { isTrusted, clientText } = x.downstream!;
  let own = '';
  if (plan.forwarded) {
    own = `for=${forwardedNode(clientText)};proto=${x.downstream!.scheme}`;
    if (head.hostStart >= 0) {
      own += `;host="${textOf(head.hostStart, head.hostEnd)}"`;
    }
  }
  return writeList(head, { name: 'Forwarded: ', id: FIELD.forwarded, own, isTrusted }, at);
}

/** Whether the head has a field that is not left out. */
export function hasField(head: RequestHead, id: number): boolean {
  for (let i = 0, f = 0; i < head.fieldCount; i++, f += FIELD_STRIDE) {
    if (head.fields[f + 4] === id && head.fields[f + 5] === 0) return true;
  }
  return false;
}

/** Times that a request may have passed through balancers of our name before it is a loop. */
const PASSES_MAX = 8;

/** Whether Via names `pseudonym` too often (RFC 9110 §7.6.3). */
export function isLooping(head: RequestHead, pseudonym: string): boolean {
  let passes = 0;
  for (let i = 0, f = 0; i < head.fieldCount; i++, f += FIELD_STRIDE) {
    if (head.fields[f + 4] !== FIELD.via) continue;
    const value = textOf(head.fields[f + 2]!, head.fields[f + 3]!);
    for (const element of value.split(',')) {
      if (element.trim().split(/[ \t]+/)[1] === pseudonym) passes++;
    }
  }
  return passes > PASSES_MAX;
}

/** What may stand in a log and in JSON as it is: longer or stranger identifiers are replaced. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/;

/** The request identifier that the client gave; empty where it gave none that can be used. */
export function ownRequestId(head: RequestHead): string {
  for (let i = 0, f = 0; i < head.fieldCount; i++, f += FIELD_STRIDE) {
    if (head.fields[f + 4] !== FIELD.xRequestId) continue;
    const value = textOf(head.fields[f + 2]!, head.fields[f + 3]!);
    return REQUEST_ID.test(value) ? value : '';
  }
  return '';
}

/** The value of Max-Forwards (RFC 9110 §7.6.2); -1 where there is none that is a number. */
export function maxForwards(head: RequestHead): number {
  for (let i = 0, f = 0; i < head.fieldCount; i++, f += FIELD_STRIDE) {
    if (head.fields[f + 4] !== FIELD.maxForwards) continue;
    const value = textOf(head.fields[f + 2]!, head.fields[f + 3]!);
    return /^\d{1,9}$/.test(value) ? Number(value) : -1;
  }
  return -1;
}
