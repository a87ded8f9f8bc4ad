import type { z } from 'zod';
import { quote } from '../quote.ts';
import { httpListenerSchema } from './listener-http.ts';
import { tcpListenerSchema } from './listener-tcp.ts';
import { udpListenerSchema } from './listener-udp.ts';
import { Problem, problemOf, scalar, word } from './scalar.ts';
import { variants } from './variants.ts';

const PROTOCOLS = ['http', 'tcp', 'udp'] as const;

/** Protocols that later versions will know. */
const LATER_PROTOCOLS = ['http2', 'http3', 'quic'];

/** Words of other programs, and what they are here. */
const CALLED_HERE: ReadonlyMap<unknown, string> = new Map([
  ['https', 'write protocol: http, and tls: NAME'],
  ['tls', 'write protocol: tcp, and tls: NAME'],
  ['ssl', 'write protocol: tcp, and tls: NAME'],
]);

const DESCRIPTION = 'What clients speak.';

const plainWord = word(PROTOCOLS, DESCRIPTION, LATER_PROTOCOLS);

const protocolWord = scalar<string>(
  { title: PROTOCOLS.join(' | '), type: 'string', enum: PROTOCOLS },
  DESCRIPTION,
  (value) => {
    const hint = CALLED_HERE.get(value);
    if (hint !== undefined) {
      return new Problem('BAL_CONFIG_UNKNOWN_VALUE', `unknown word ${quote(value)}`, hint);
    }
    const result = plainWord.safeParse(value);
    return problemOf(result) ?? String(result.data);
  },
);

/** Schema of one entry of `listeners`. */
export const listenerSchema = variants('A listener: where clients come in.', {
  noun: 'listener',
  key: 'protocol',
  fallback: 'http',
  words: PROTOCOLS,
  options: [httpListenerSchema, tcpListenerSchema, udpListenerSchema],
  word: protocolWord,
});

/** A listener with its defaults filled in. */
export type ListenerConfig = z.output<typeof listenerSchema>;
