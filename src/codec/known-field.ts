import { asciiBytes } from './ascii.ts';
import { FIELD } from './http1-head.ts';

/** Lower-case names of the fields that have an id, by id. */
const NAMES: Readonly<Record<Exclude<keyof typeof FIELD, 'other'>, string>> = {
  host: 'host',
  contentLength: 'content-length',
  transferEncoding: 'transfer-encoding',
  connection: 'connection',
  keepAlive: 'keep-alive',
  proxyConnection: 'proxy-connection',
  te: 'te',
  upgrade: 'upgrade',
  expect: 'expect',
  trailer: 'trailer',
  xForwardedFor: 'x-forwarded-for',
  xForwardedProto: 'x-forwarded-proto',
  xForwardedHost: 'x-forwarded-host',
  forwarded: 'forwarded',
  via: 'via',
  xRequestId: 'x-request-id',
  http2Settings: 'http2-settings',
  date: 'date',
  maxForwards: 'max-forwards',
  secWebSocketKey: 'sec-websocket-key',
};

/** Known names are shorter than this. */
const LENGTH_MAX = 32;

/** FIELD id by length and the low five bits of the first letter: at most one name each. */
const CANDIDATE = new Uint8Array(LENGTH_MAX * 32);
/** The names, LENGTH_MAX bytes apart, by id. */
const NAME_BYTES = new Uint8Array(32 * LENGTH_MAX);

for (const [key, name] of Object.entries(NAMES)) {
  const id = FIELD[key as keyof typeof NAMES];
  const slot = (name.length << 5) | (name.charCodeAt(0) & 31);
  if (CANDIDATE[slot] !== 0) throw new Error(`two known fields share a slot: ${name}`);
  CANDIDATE[slot] = id;
  NAME_BYTES.set(asciiBytes(name), id * LENGTH_MAX);
}

/**
 * FIELD id of the field name `bytes[start..end)`, which is a token; FIELD.other for one without an
 * id. Names have no case. Once per field: most names fail the first look-up.
 */
export function knownField(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  if (size >= LENGTH_MAX) return FIELD.other;
  const id = CANDIDATE[(size << 5) | (bytes[start]! & 31)]!;
  if (id === FIELD.other) return id;
  const base = id * LENGTH_MAX;
  for (let i = 0; i < size; i++) {
    if ((bytes[start + i]! | 0x20) !== NAME_BYTES[base + i]!) return FIELD.other;
  }
  return id;
}
