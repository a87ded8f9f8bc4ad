import { FIELD_STRIDE, METHOD, RequestHead } from '../codec/http1-head.ts';

/** What a test says about a request; `host` may have a port. */
export type TestRequest = {
  readonly method?: string;
  readonly host?: string | null;
  readonly path: string;
  readonly query?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
};

/** The bytes and the parsed head of a request, as the codec would give them. For tests. */
export function parsedHead(request: TestRequest): { bytes: Uint8Array; head: RequestHead } {
  const encoder = new TextEncoder();
  const head = new RequestHead();
  // Offsets must not happen to be right because they begin at 0.
  let text = '#######';
  const put = (part: string): [number, number] => {
    const start = encoder.encode(text).length;
    text += part;
    const end = encoder.encode(text).length;
    text += '#';
    return [start, end];
  };
  const method = request.method ?? 'GET';
  head.method = (METHOD as Record<string, number>)[method.toLowerCase()] ?? METHOD.other;
  [head.methodStart, head.methodEnd] = put(method);
  [head.pathStart, head.pathEnd] = put(request.path);
  if (typeof request.host === 'string') {
    [head.hostStart, head.hostEnd] = put(request.host);
    const port = /:\d*$/.exec(request.host);
    head.hostNameEnd = head.hostEnd - (port === null ? 0 : port[0].length);
  }
  if (typeof request.query === 'string') [head.queryStart, head.queryEnd] = put(request.query);
  for (const [name, value] of request.headers ?? []) {
    const at = head.fieldCount++ * FIELD_STRIDE;
    [head.fields[at], head.fields[at + 1]] = put(name);
    [head.fields[at + 2], head.fields[at + 3]] = put(value);
  }
  return { bytes: encoder.encode(text), head };
}
