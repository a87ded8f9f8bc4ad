import { METHOD } from '../codec/http1-head.ts';
import { FieldTest } from './field-test.ts';
import { encodeText } from './text.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import type { RouteMatch } from './route-match.ts';

const METHOD_BITS: ReadonlyMap<string, number> = new Map(
  Object.entries(METHOD)
    .filter(([, id]) => id !== METHOD.other)
    .map(([name, id]) => [name.toUpperCase(), 1 << id]),
);

/** Method, header and query conditions of one route, compiled. */
export class RouteConditions {
  /** One bit per METHOD; -1 allows every method. */
  private readonly methodMask: number;
  private readonly otherMethods: readonly Uint8Array[];
  private readonly headers: readonly FieldTest[];
  private readonly query: readonly FieldTest[];

  constructor(match: RouteMatch) {
    let mask = match.methods.length === 0 ? -1 : 0;
    for (const method of match.methods) mask |= METHOD_BITS.get(method) ?? 0;
    this.methodMask = mask;
    this.otherMethods = match.methods.filter((m) => !METHOD_BITS.has(m)).map(encodeText);
    this.headers = match.headers.map((header) => new FieldTest(header));
    this.query = match.query.map((pair) => new FieldTest(pair));
  }

  /** Whether all of them hold. Allocates only where a regular expression needs a text. */
  hold(bytes: Uint8Array, head: RequestHead): boolean {
    if (((this.methodMask >>> head.method) & 1) === 0 && !this.isOtherMethod(bytes, head)) {
      return false;
    }
    const { headers, query } = this;
    for (let i = 0; i < headers.length; i++) {
      if (!headers[i]!.holdsForHeaders(bytes, head)) return false;
    }
    for (let i = 0; i < query.length; i++) {
      if (!query[i]!.holdsForQuery(bytes, head)) return false;
    }
    return true;
  }

  private isOtherMethod(bytes: Uint8Array, head: RequestHead): boolean {
    if (head.method !== METHOD.other) return false;
    const { otherMethods } = this;
    for (let i = 0; i < otherMethods.length; i++) {
      if (isSame(otherMethods[i]!, bytes, head.methodStart, head.methodEnd)) return true;
    }
    return false;
  }
}

/** The conditions of a route, or null where it has none. */
export function conditionsOf(match: RouteMatch): RouteConditions | null {
  const count = match.methods.length + match.headers.length + match.query.length;
  return count === 0 ? null : new RouteConditions(match);
}

function isSame(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text[i]) return false;
  }
  return true;
}
