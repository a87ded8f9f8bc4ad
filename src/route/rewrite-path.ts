import { encodeText } from './text.ts';
import type { RequestHead } from '../codec/http1-head.ts';

const SLASH = 0x2f;

/**
 * Computes the path that is sent to a server where a route rewrites it: made once per route, used
 * once per request. `path` replaces the whole path. `prefix` replaces what the route's prefix
 * matched, on segment borders: with `/v2/` (or `/v2`) for `/api/*`, `/api/x` becomes `/v2/x`, `/api/`
 * becomes `/v2/` and `/api` becomes `/v2`; with `/`, `/api/x` becomes `/x` and `/api` becomes `/`.
 * The query is not touched, nor is the path `*` of OPTIONS.
 */
export class PathRewrite {
  private readonly whole: Uint8Array | null;
  /** Without its last slash. */
  private readonly prefix: Uint8Array | null;

  /** At most one of the two should be given; `path` wins. */
  constructor(rewrite: { readonly path: string | null; readonly prefix: string | null }) {
    const { path, prefix } = rewrite;
    this.whole = path === null ? null : encodeText(path);
    this.prefix = prefix === null ? null : encodeText(prefix.replace(/\/$/, ''));
  }

  /** Bytes that `write` needs at most for a path of `pathBytes`. */
  bytesMax(pathBytes: number): number {
    if (this.whole !== null) return Math.max(this.whole.length, pathBytes, 1);
    return (this.prefix === null ? 0 : this.prefix.length) + pathBytes + 1;
  }

  /**
   * Writes the new path of `head` to the start of `out` and returns its length; -1 where it does not
   * fit. `prefixEnd` is that of the RouteTable.
   */
  write(bytes: Uint8Array, head: RequestHead, prefixEnd: number, out: Uint8Array): number {
    const { pathStart, pathEnd } = head;
    const isRooted = bytes[pathStart] === SLASH;
    if (isRooted && this.whole !== null) return put(out, 0, this.whole, this.whole.length);
    let length = 0;
    let restStart = pathStart;
    if (isRooted && this.prefix !== null) {
      restStart = prefixEnd;
      length = put(out, 0, this.prefix, this.prefix.length);
      if (length < 0) return -1;
    }
    if (length + pathEnd - restStart > out.length) return -1;
    for (let i = restStart; i < pathEnd; i++) out[length++] = bytes[i]!;
    if (length === 0 && out.length > 0) out[length++] = SLASH;
    return length === 0 ? -1 : length;
  }
}

function put(out: Uint8Array, at: number, text: Uint8Array, length: number): number {
  if (at + length > out.length) return -1;
  out.set(text, at);
  return at + length;
}
