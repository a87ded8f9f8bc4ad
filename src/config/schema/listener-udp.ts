import type { z } from 'zod';
import { datagramAddresses, freebind } from './address.ts';
import { kernelSchema } from './kernel.ts';
import { flag, integer, word } from './scalar.ts';
import { optionalSection, section } from './structure.ts';
import { poolReference } from './text.ts';
import { duration } from './units.ts';

const timeouts = optionalSection('How long a session lives.', {
  idle: duration('A session ends after this time without a datagram either way.').prefault('60s'),
  answer: duration('With perPacket: how long the answer to a datagram is awaited.').prefault('5s'),
});

/** Schema of a listener with `protocol: udp`. */
export const udpListenerSchema = section('A listener that passes UDP datagrams on.', {
  bind: datagramAddresses(),
  freebind: freebind(),
  protocol: word(['udp'], 'What clients speak.'),
  mode: word(['proxy', 'kernel'], 'proxy: by Ballast. kernel: by the kernel.').prefault('proxy'),
  kernel: kernelSchema.optional(),
  perPacket: flag(
    'Whether each datagram is on its own, as for DNS. Else those of a client go to one server.',
  ).prefault(false),
  maxSessions: integer(
    1,
    1_048_576,
    'Sessions (perPacket: awaited answers) per worker; past it, datagrams of new clients are dropped.',
  ).prefault(65_536),
  pool: poolReference('The pool that all datagrams go to. Required.').optional(),
  timeouts,
  accessLog: flag('Whether sessions are written to the access log.').prefault(true),
});

/** A udp listener with its defaults filled in. */
export type UdpListenerConfig = z.output<typeof udpListenerSchema>;
