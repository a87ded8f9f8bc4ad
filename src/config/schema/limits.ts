import type { z } from 'zod';
import { integer } from './scalar.ts';
import { optionalSection } from './structure.ts';
import { size } from './units.ts';

/** Schema of `limits`. */
export const limitsSchema = optionalSection('Limits of each worker and of each message.', {
  connections: integer(
    1,
    1_000_000,
    'Client connections per worker; past it, accepting pauses until one of them closes.',
  ).prefault(20_000),
  head: size(
    'Size of a request head, request line included; a longer one is answered with 431.',
    1_024,
    65_536,
  ).prefault('16KiB'),
  uri: size(
    'Size of a request target; a longer one: 414. 8KiB, or head where that is less.',
    256,
    65_536,
  ).optional(),
  fields: integer(
    8,
    256,
    'Fields of a head; more are answered with 431, or with 502 where a server sent them.',
  ).prefault(128),
  answerHead: size(
    'Size of the head of an answer; a longer one becomes 502.',
    1_024,
    65_536,
  ).prefault('32KiB'),
  bufferMemory: size(
    'Buffered data per worker; past it, new requests are answered with 503.',
    1_048_576,
    1_099_511_627_776,
  ).prefault('256MiB'),
  handshakes: integer(
    1,
    1_000_000,
    'TLS handshakes under way per worker; past it, the one that began first is ended.',
  ).prefault(1_024),
});

/** Default of `limits.uri` in bytes, where the head has room for it. */
const URI_BYTES = 8_192;

/** Bytes of a request target, whether given or not. */
export function uriBytes(limits: z.output<typeof limitsSchema>): number {
  return limits.uri ?? Math.min(URI_BYTES, limits.head);
}
