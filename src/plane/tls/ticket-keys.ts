/**
 * The keys of session tickets, which all workers share. OpenSSL takes one key per context; so the
 * newest stands in all of them, and a handshake whose ticket was sealed with an older one gets that
 * for as long as its ClientHello is looked at. No callback is needed, and what the handshake hands
 * out is sealed with the newest key again.
 */
import type { ClientHello } from '../../codec/tls-client-hello.ts';
import { TICKET_KEY_NAME_BYTES } from '../../codec/tls-client-hello.ts';
import { lastingAddressOf } from '../../sys/libc.ts';
import { CTRL, SSL_CTX_ctrl } from '../../sys/tls/openssl.ts';

/** Name (16), HMAC key (32), AES key (32). */
const TICKET_KEY_BYTES = 80;
/** Keys that are kept. */
export const TICKET_KEYS_MAX = 8;

const memory = new Uint8Array(TICKET_KEY_BYTES * TICKET_KEYS_MAX);
const address = lastingAddressOf(memory);
let count = 0;

/** Takes the keys, Base64 of 80 bytes each, the newest first; `contexts` are those in use. */
export function setTicketKeys(keys: readonly string[], contexts: Iterable<number>): void {
  count = Math.min(keys.length, TICKET_KEYS_MAX);
  memory.fill(0);
  for (let i = 0; i < count; i++) {
    memory.set(Buffer.from(keys[i]!, 'base64').subarray(0, TICKET_KEY_BYTES), i * TICKET_KEY_BYTES);
  }
  for (const context of contexts) useTicketKeys(context);
}

/** Lets a context seal with the newest key. Without keys it has one of its own. */
export function useTicketKeys(context: number): void {
  if (count > 0) useTicketKey(context, 0);
}

/** Lets a context seal and open with one of the keys. */
export function useTicketKey(context: number, index: number): void {
  SSL_CTX_ctrl(context, CTRL.setTicketKeys, TICKET_KEY_BYTES, address + index * TICKET_KEY_BYTES);
}

/** Place of the older key that the ticket of a ClientHello was sealed with; 0: there is none. */
export function olderKeyOf(hello: ClientHello): number {
  if (!hello.hasTicket) return 0;
  for (let i = 1; i < count; i++) if (hasName(i, hello.ticketKeyName)) return i;
  return 0;
}

function hasName(index: number, name: Uint8Array): boolean {
  const from = index * TICKET_KEY_BYTES;
  for (let i = 0; i < TICKET_KEY_NAME_BYTES; i++) {
    if (memory[from + i] !== name[i]) return false;
  }
  return true;
}
