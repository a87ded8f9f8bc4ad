import type { z } from 'zod';
import { httpListenerSchema } from './listener-http.ts';
import { tcpListenerSchema } from './listener-tcp.ts';
import { udpListenerSchema } from './listener-udp.ts';
import { word } from './scalar.ts';
import { variants } from './variants.ts';

const PROTOCOLS = ['http', 'tcp', 'udp'] as const;

/** Protocols that later versions will know. */
const LATER_PROTOCOLS = ['https', 'tls', 'http2', 'http3', 'quic'];

/** Schema of one entry of `listeners`. */
export const listenerSchema = variants('A listener: where clients come in.', {
  noun: 'listener',
  key: 'protocol',
  fallback: 'http',
  words: PROTOCOLS,
  options: [httpListenerSchema, tcpListenerSchema, udpListenerSchema],
  word: word(PROTOCOLS, 'What clients speak.', LATER_PROTOCOLS),
});

/** A listener with its defaults filled in. */
export type ListenerConfig = z.output<typeof listenerSchema>;
