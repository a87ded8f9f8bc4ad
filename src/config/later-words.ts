import type { ConfigPath } from './diagnostic.ts';

const CHECK_HINT = 'exec runs a program of your own for what is not there';

/** A key that later versions will know, and what stands for it now. */
type LaterKey = { readonly at: RegExp; readonly keys: readonly string[]; readonly hint: string };

const LATER_KEYS: readonly LaterKey[] = [
  {
    at: /^listeners\.[^.]+$/,
    keys: ['http2', 'http3'],
    hint: 'listeners pass on HTTP/1.1, TCP and UDP',
  },
  { at: /^pools\.[^.]+$/, keys: ['stick'], hint: '' },
  {
    at: /^pools\.[^.]+\.servers\.\d+$/,
    keys: ['slowStart'],
    hint: 'slowStart stands in the pool',
  },
  { at: /^pools\.[^.]+\.check$/, keys: ['udp', 'imap', 'kafka'], hint: CHECK_HINT },
];

/** Names of listeners and pools may hold dots: they must not look like further steps. */
const step = (part: string | number): string => String(part).replaceAll('.', '_');

/** The hint for a key of a later version in the map at `path`, or null where it is not one. */
export function laterKeyHint(path: ConfigPath, key: string): string | null {
  const place = path.map(step).join('.');
  const found = LATER_KEYS.find((later) => later.at.test(place) && later.keys.includes(key));
  return found === undefined ? null : found.hint;
}
