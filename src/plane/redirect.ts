/** The Location of a redirect: the parts that the route gives, the others from the request. */
import type { RequestHead } from '../codec/http1-head.ts';
import type { RedirectTarget } from '../config/plan.ts';
import { PathRewrite } from '../route/rewrite-path.ts';
import { bytes, textOf } from './buffers.ts';
import type { Exchange } from './exchange.ts';

const DEFAULT_PORTS = { http: 80, https: 443 } as const;

/** Called for each redirected request. */
export function redirectLocation(x: Exchange, head: RequestHead, to: RedirectTarget): string {
  const path = redirectPath(x, head, to);
  const query =
    to.keepQuery && head.queryStart >= 0 ? `?${textOf(head.queryStart, head.queryEnd)}` : '';
  const authority = redirectAuthority(x, head, to);
  // Without a host there is nothing to build an absolute URI from (RFC 9110 §10.2.2).
  if (authority === '') return path + query;
  return `${to.scheme ?? x.downstream!.scheme}://${authority}${path}${query}`;
}

function redirectAuthority(x: Exchange, head: RequestHead, to: RedirectTarget): string {
  const changesOrigin = to.scheme !== null || to.host !== null || to.port !== null;
  if (!changesOrigin || (to.host === null && head.hostStart < 0)) return '';
  const scheme = to.scheme ?? x.downstream!.scheme;
  const name = to.host ?? textOf(head.hostStart, head.hostNameEnd);
  // A port of the old scheme means nothing for a new one.
  const keepsPort = to.port === null && to.scheme === null && to.host === null;
  if (keepsPort) return textOf(head.hostStart, head.hostEnd);
  const port = to.port ?? DEFAULT_PORTS[scheme];
  return port === DEFAULT_PORTS[scheme] ? name : `${name}:${port}`;
}

function redirectPath(x: Exchange, head: RequestHead, to: RedirectTarget): string {
  if (to.path === null && to.prefix === null) {
    return textOf(head.pathStart, head.pathEnd);
  }
  const rewrite = new PathRewrite(to);
  const out = Buffer.alloc(rewrite.bytesMax(head.pathEnd - head.pathStart));
  const length = rewrite.write(bytes, head, x.listener!.table.prefixEnd, out);
  return out.toString('latin1', 0, length);
}
