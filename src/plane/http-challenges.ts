/**
 * Challenges of ACME by HTTP (RFC 8555 §8.3): for a moment some paths belong to Ballast itself, on
 * every listener, whatever its routes say. A CA asks port 80, and may be sent on to any other.
 */
import { METHOD } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import type { ChallengesFrame } from './worker-protocol.ts';

/** Where the challenges stand (RFC 8555 §8.3). */
const PREFIX = Buffer.from('/.well-known/acme-challenge/');

/** Answers by token; empty but for the seconds in which a CA looks. */
const answers = new Map<string, Uint8Array>();

/** Replaces all challenges by those of the frame. */
export function setHttpChallenges(http: ChallengesFrame['http']): void {
  answers.clear();
  for (const { token, answer } of http) answers.set(token, Buffer.from(answer));
}

/** What a GET or HEAD of a known token is answered with, else null. For each request. */
export function httpChallengeAnswer(bytes: Uint8Array, head: RequestHead): Uint8Array | null {
  if (answers.size === 0 || !isBelowPrefix(bytes, head)) return null;
  if (head.method !== METHOD.get && head.method !== METHOD.head) return null;
  const token = Buffer.from(bytes.subarray(head.pathStart + PREFIX.length, head.pathEnd));
  return answers.get(token.toString('latin1')) ?? null;
}

function isBelowPrefix(bytes: Uint8Array, { pathStart, pathEnd }: RequestHead): boolean {
  if (pathEnd - pathStart <= PREFIX.length) return false;
  for (let i = 0; i < PREFIX.length; i++) if (bytes[pathStart + i] !== PREFIX[i]) return false;
  return true;
}
