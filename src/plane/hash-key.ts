/** The key that a hashing pool tells its requests apart by: an unsigned 32-bit integer. */
import { hashBytes, hashText, mix32 } from '../balance/hash.ts';
import { FIELD_STRIDE } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import type { HashPlan } from '../config/plan.ts';
import { equalsDecoded, nameEnd, pairEnd } from '../route/query-pairs.ts';
import { bytes } from './buffers.ts';

const SEMICOLON = 0x3b;
const SPACE = 0x20;
const EQUALS = 0x3d;
const encoder = new TextEncoder();

/** Key of a client: by its address, or by its address and port. */
export function sourceKey(plan: HashPlan, clientText: string, clientPort: number): number {
  const key = hashText(clientText);
  return plan.kind === 'source-port' ? mix32(key ^ clientPort) >>> 0 : key;
}

/**
 * Key of a request of HTTP, whose head is in `bytes`. What lacks the field, cookie or parameter has
 * the key of its client.
 */
export function requestKey(
  plan: HashPlan,
  head: RequestHead,
  clientText: string,
  clientPort: number,
): number {
  let key = -1;
  if (plan.kind === 'uri') key = uriKey(head, plan.query);
  else if (plan.kind === 'header') key = fieldKey(head, plan.name);
  else if (plan.kind === 'cookie') key = cookieKey(head, plan.name);
  else if (plan.kind === 'query') key = parameterKey(head, plan.name);
  return key >= 0 ? key : sourceKey(plan, clientText, clientPort);
}

function uriKey(head: RequestHead, withQuery: boolean): number {
  const key = hashBytes(bytes, head.pathStart, head.pathEnd);
  if (!withQuery || head.queryStart < 0) return key;
  return hashBytes(bytes, head.queryStart, head.queryEnd, key);
}

function fieldKey(head: RequestHead, name: string): number {
  const f = findField(head, name);
  return f < 0 ? -1 : hashBytes(bytes, head.fields[f + 2]!, head.fields[f + 3]!);
}

/** Index of the first field of this name (lower-case), or -1. */
function findField(head: RequestHead, name: string, after = -1): number {
  const { fields, fieldCount } = head;
  for (let f = after + 1; f < fieldCount * FIELD_STRIDE; f += FIELD_STRIDE) {
    const start = fields[f]!;
    if (fields[f + 1]! - start !== name.length) continue;
    let i = 0;
    while (i < name.length && lower(bytes[start + i]!) === name.charCodeAt(i)) i++;
    if (i === name.length) return f;
  }
  return -1;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** RFC 6265 §4.2.1: `name=value; name=value`. */
function cookieKey(head: RequestHead, name: string): number {
  for (let f = findField(head, 'cookie'); f >= 0; f = findField(head, 'cookie', f + 5)) {
    const end = head.fields[f + 3]!;
    let at = head.fields[f + 2]!;
    while (at < end) {
      while (at < end && bytes[at] === SPACE) at++;
      let stop = at;
      while (stop < end && bytes[stop] !== SEMICOLON) stop++;
      if (startsWith(at, stop, name)) return hashBytes(bytes, at + name.length + 1, stop);
      at = stop + 1;
    }
  }
  return -1;
}

function startsWith(at: number, end: number, name: string): boolean {
  if (end - at <= name.length || bytes[at + name.length] !== EQUALS) return false;
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
  return true;
}

let parameterName = '';
let parameterBytes = new Uint8Array(0);

function parameterKey(head: RequestHead, name: string): number {
  if (head.queryStart < 0) return -1;
  if (name !== parameterName) {
    parameterName = name;
    parameterBytes = encoder.encode(name);
  }
  let at = head.queryStart;
  while (at <= head.queryEnd) {
    const end = pairEnd(bytes, at, head.queryEnd);
    const stop = nameEnd(bytes, at, end);
    if (equalsDecoded(bytes, at, stop, parameterBytes)) {
      return hashBytes(bytes, Math.min(stop + 1, end), end);
    }
    at = end + 1;
  }
  return -1;
}
