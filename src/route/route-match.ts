/**
 * The part of a route that decides which requests it takes. The routes of a runtime plan have this
 * shape and more.
 */
export type RouteMatch = {
  /** Lower-case. `shop.example.com` or `*.example.com` (one or more labels). Empty is any. */
  readonly hosts: readonly string[];
  /** In canonical form. Empty is any. */
  readonly paths: readonly PathMatch[];
  /** Tokens, case-sensitive. Empty is any. */
  readonly methods: readonly string[];
  /** All of them must hold. Names lower-case. */
  readonly headers: readonly FieldMatch[];
  /** All of them must hold. Names and values as they are after decoding. */
  readonly query: readonly FieldMatch[];
};

/** `prefix` `/api/` matches `/api` and `/api/…`; its last slash may be left out. */
export type PathMatch =
  | { readonly kind: 'exact'; readonly path: string }
  | { readonly kind: 'prefix'; readonly path: string }
  | { readonly kind: 'regex'; readonly source: string };

export type FieldMatch = {
  readonly name: string;
  readonly test:
    | { readonly kind: 'present' }
    | { readonly kind: 'absent' }
    | { readonly kind: 'exact'; readonly value: string }
    | { readonly kind: 'regex'; readonly source: string };
};

/**
 * Which of two routes with the same host and path is tried first: negative for `a`, positive for
 * `b`, 0 where the order of the text decides. One with methods comes before one without, then the
 * one with more header conditions, then the one with more query conditions (as in the Gateway API).
 */
export function compareConditions(a: RouteMatch, b: RouteMatch): number {
  return (
    Math.sign(b.methods.length) - Math.sign(a.methods.length) ||
    b.headers.length - a.headers.length ||
    b.query.length - a.query.length
  );
}
