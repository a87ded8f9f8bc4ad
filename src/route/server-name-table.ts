/** What a route of layer 4 asks of a ClientHello; empty lists ask nothing. */
export type ServerNameMatch = {
  /** `db.example.com`; `*.example.com` for one label or more before it; `*` for any. */
  readonly sni: readonly string[];
  /** One of which the client must offer. */
  readonly alpn: readonly string[];
};

type Candidate = { readonly route: number; readonly alpn: readonly string[] };

/** Compiles the routes of a listener. Once per plan; see docs/tcp.md for the precedence. */
export function compileServerNames(routes: readonly ServerNameMatch[]): ServerNameTable {
  return new ServerNameTable(routes);
}

/**
 * Finds the route of a connection by the server name and the protocols of its ClientHello: an exact
 * name before a longer wildcard before a shorter one before any name; with equal names, a route that
 * asks for a protocol before one that does not; then the earlier. A route whose protocols are not
 * offered is passed over, and the next less specific name is tried.
 *
 * The time taken depends on the labels of the name, not on the number of routes.
 */
export class ServerNameTable {
  /** Whether any route asks for ALPN. */
  readonly needsAlpn: boolean;
  private readonly exact = new Map<string, Candidate[]>();
  /** By what follows "*.". */
  private readonly wildcards = new Map<string, Candidate[]>();
  private readonly any: Candidate[] = [];
  /** Bit n: a wildcard with n dots after "*." exists; 32 apart they share one: "perhaps". */
  private readonly depths: number;

  constructor(routes: readonly ServerNameMatch[]) {
    this.needsAlpn = routes.some(({ alpn }) => alpn.length > 0);
    routes.forEach(({ sni, alpn }, route) => {
      const names = sni.length === 0 ? ['*'] : sni.map(canonicalName);
      for (const name of new Set(names)) this.listOf(name).push({ route, alpn });
    });
    let depths = 0;
    for (const name of this.wildcards.keys()) depths |= 1 << ((name.split('.').length - 1) & 31);
    this.depths = depths;
    for (const list of [...this.exact.values(), ...this.wildcards.values(), this.any]) {
      list.sort((a, b) => rankOf(a) - rankOf(b) || a.route - b.route);
    }
  }

  /**
   * Index of the route, -1 where none matches. `serverName` is lower-case without a trailing dot, ""
   * where the client sent none. Once per connection.
   */
  find(serverName: string, alpn: readonly string[]): number {
    if (serverName !== '') {
      const exact = firstOf(this.exact.get(serverName), alpn);
      if (exact >= 0) return exact;
      if (this.depths !== 0) {
        const wildcard = this.findWildcard(serverName, alpn);
        if (wildcard >= 0) return wildcard;
      }
    }
    return firstOf(this.any, alpn);
  }

  private findWildcard(serverName: string, alpn: readonly string[]): number {
    let depth = 0;
    for (let i = 0; i < serverName.length; i++) if (serverName.charCodeAt(i) === 0x2e) depth++;
    let dot = serverName.indexOf('.');
    while (dot >= 0) {
      depth--;
      if ((this.depths & (1 << (depth & 31))) !== 0) {
        const route = firstOf(this.wildcards.get(serverName.slice(dot + 1)), alpn);
        if (route >= 0) return route;
      }
      dot = serverName.indexOf('.', dot + 1);
    }
    return -1;
  }

  private listOf(name: string): Candidate[] {
    if (name === '*') return this.any;
    const isWildcard = name.startsWith('*.');
    const lists = isWildcard ? this.wildcards : this.exact;
    const key = isWildcard ? name.slice(2) : name;
    let list = lists.get(key);
    if (list === undefined) {
      list = [];
      lists.set(key, list);
    }
    return list;
  }
}

function canonicalName(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function rankOf({ alpn }: Candidate): number {
  return alpn.length > 0 ? 0 : 1;
}

function firstOf(list: readonly Candidate[] | undefined, offered: readonly string[]): number {
  if (list === undefined) return -1;
  for (const { route, alpn } of list) {
    if (alpn.length === 0) return route;
    for (const protocol of alpn) if (offered.includes(protocol)) return route;
  }
  return -1;
}
