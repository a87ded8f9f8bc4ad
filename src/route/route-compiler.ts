import { ByteTable, HASH_START, hashByte } from './byte-table.ts';
import { compilePattern, literalPrefix } from './path-regex.ts';
import { conditionsOf } from './route-conditions.ts';
import { compareConditions } from './route-match.ts';
import { encodeText } from './text.ts';
import type { ByteTableEntry } from './byte-table.ts';
import type { RouteConditions } from './route-conditions.ts';
import type { RouteMatch } from './route-match.ts';

/** Id of the host that stands for requests of any host. */
export const ANY_HOST = 0;

/** Scopes of `RouteParts.hostTable`. */
export const HOST_SCOPE = { exact: 0, suffix: 1 } as const;

/** Columns of `RouteParts.hosts`: whether exact paths exist, depths of prefixes, of patterns. */
export const HOST = { hasExact: 0, prefixDepths: 1, patternDepths: 2, stride: 3 } as const;

/** Columns of `RouteParts.nodes`: three ranges, of `candidates` twice and of `patterns`. */
export const NODE = {
  exactFrom: 0,
  exactTo: 1,
  prefixFrom: 2,
  prefixTo: 3,
  patternFrom: 4,
  patternTo: 5,
  stride: 6,
} as const;

/** Columns of `RouteParts.patterns`: place in the order of the host, regex, candidate. */
export const PATTERN = { rank: 0, regex: 1, candidate: 2, stride: 3 } as const;

/** Low bits of a candidate; the others are the index of its route. */
export const CANDIDATE = { hasConditions: 1, needsSlash: 2, routeShift: 2 } as const;

/** What a RouteTable looks things up in. */
export type RouteParts = {
  /** Exact names, and suffixes such as ".example.com", hashed from the end → host id. */
  readonly hostTable: ByteTable;
  /** Bit n: a suffix with n dots exists. */
  readonly suffixDepths: number;
  readonly suffixDepthMax: number;
  readonly hosts: Int32Array;
  /** Scope: host id. Text: an exact path, or a prefix without its last slash → node id. */
  readonly pathTable: ByteTable;
  /** Slashes of the longest prefix. */
  readonly pathDepthMax: number;
  readonly nodes: Int32Array;
  readonly candidates: Int32Array;
  readonly patterns: Int32Array;
  readonly regexes: readonly RegExp[];
  readonly conditions: readonly (RouteConditions | null)[];
};

type PatternDraft = { readonly source: string; readonly route: number; rank: number };

type NodeDraft = { exact: number[]; prefix: number[]; patterns: PatternDraft[] };

type HostDraft = {
  /** By path or prefix without its last slash. */
  readonly nodes: Map<string, NodeDraft>;
  readonly patterns: PatternDraft[];
};

/** Turns routes into tables. Once per listener and plan; throws where a pattern is malformed. */
export function compileParts(routes: readonly RouteMatch[]): RouteParts {
  const drafts = draftHosts(routes);
  for (const draft of drafts.values()) placePatterns(draft, routes);
  const conditions = routes.map(conditionsOf);
  return {
    ...hostParts(drafts),
    ...new PathParts(drafts, routes, conditions).finish(),
    conditions,
  };
}

function draftHosts(routes: readonly RouteMatch[]): Map<string, HostDraft> {
  const drafts = new Map<string, HostDraft>([['*', { nodes: new Map(), patterns: [] }]]);
  routes.forEach((route, index) => {
    const names = route.hosts.length === 0 ? ['*'] : route.hosts;
    for (const name of new Set(names.map(canonicalHost))) {
      let draft = drafts.get(name);
      if (draft === undefined) {
        draft = { nodes: new Map(), patterns: [] };
        drafts.set(name, draft);
      }
      draftPaths(draft, route, index);
    }
  });
  return drafts;
}

function canonicalHost(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function draftPaths(draft: HostDraft, route: RouteMatch, index: number): void {
  const candidate = index << CANDIDATE.routeShift;
  if (route.paths.length === 0) nodeOf(draft, '').prefix.push(candidate);
  for (const path of route.paths) {
    if (path.kind === 'regex') {
      draft.patterns.push({ source: path.source, route: index, rank: 0 });
    } else if (path.kind === 'exact') {
      nodeOf(draft, path.path).exact.push(candidate);
    } else {
      const text = path.path.endsWith('/') ? path.path.slice(0, -1) : path.path;
      nodeOf(draft, text).prefix.push(candidate | CANDIDATE.needsSlash);
    }
  }
}

function nodeOf(draft: HostDraft, text: string): NodeDraft {
  let node = draft.nodes.get(text);
  if (node === undefined) {
    node = { exact: [], prefix: [], patterns: [] };
    draft.nodes.set(text, node);
  }
  return node;
}

/** Ranks the patterns of a host, and hangs each on the longest text that its paths begin with. */
function placePatterns(draft: HostDraft, routes: readonly RouteMatch[]): void {
  const firstUse = new Map<string, number>();
  draft.patterns.forEach((pattern, place) => {
    if (!firstUse.has(pattern.source)) firstUse.set(pattern.source, place);
  });
  draft.patterns.sort(
    (a, b) =>
      firstUse.get(a.source)! - firstUse.get(b.source)! ||
      compareConditions(routes[a.route]!, routes[b.route]!) ||
      a.route - b.route,
  );
  draft.patterns.forEach((pattern, rank) => {
    pattern.rank = rank;
    nodeOf(draft, literalPrefix(pattern.source)).patterns.push(pattern);
  });
}

function hostParts(
  drafts: ReadonlyMap<string, HostDraft>,
): Pick<RouteParts, 'hostTable' | 'suffixDepths' | 'suffixDepthMax'> {
  const entries: ByteTableEntry[] = [];
  let suffixDepths = 0;
  let suffixDepthMax = 0;
  let id = 0;
  for (const name of drafts.keys()) {
    const value = id++;
    if (name === '*') continue;
    const key = name.startsWith('*.') ? name.slice(1) : name;
    if (key !== name) {
      const depth = count(key, '.');
      suffixDepths |= depthBit(depth);
      suffixDepthMax = Math.max(suffixDepthMax, depth);
    }
    const text = encodeText(key);
    const hash = text.reduceRight(hashByte, HASH_START);
    entries.push({ scope: key === name ? HOST_SCOPE.exact : HOST_SCOPE.suffix, hash, text, value });
  }
  return { hostTable: new ByteTable(entries), suffixDepths, suffixDepthMax };
}

/** Bit of a mask of depths; depths that are 32 apart share one, so a set bit means "perhaps". */
export function depthBit(depth: number): number {
  return 1 << (depth & 31);
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}

/** Flattens the drafts of all hosts into arrays. */
class PathParts {
  private readonly routes: readonly RouteMatch[];
  private readonly conditions: readonly (RouteConditions | null)[];
  private readonly hosts: number[] = [];
  private readonly entries: ByteTableEntry[] = [];
  private readonly nodes: number[] = [];
  private readonly candidates: number[] = [];
  private readonly patterns: number[] = [];
  private readonly regexes: RegExp[] = [];
  private readonly regexIds = new Map<string, number>();
  private pathDepthMax = 0;

  constructor(
    drafts: ReadonlyMap<string, HostDraft>,
    routes: readonly RouteMatch[],
    conditions: readonly (RouteConditions | null)[],
  ) {
    this.routes = routes;
    this.conditions = conditions;
    let id = 0;
    for (const draft of drafts.values()) this.addHost(draft, id++);
  }

  finish(): Omit<RouteParts, 'hostTable' | 'suffixDepths' | 'suffixDepthMax' | 'conditions'> {
    return {
      hosts: Int32Array.from(this.hosts),
      pathTable: new ByteTable(this.entries),
      pathDepthMax: this.pathDepthMax,
      nodes: Int32Array.from(this.nodes),
      candidates: Int32Array.from(this.candidates),
      patterns: Int32Array.from(this.patterns),
      regexes: this.regexes,
    };
  }

  private addHost(draft: HostDraft, id: number): void {
    let hasExact = 0;
    let prefixDepths = 0;
    let patternDepths = 0;
    for (const [key, node] of draft.nodes) {
      const depth = count(key, '/');
      if (node.exact.length > 0) hasExact = 1;
      if (node.prefix.length > 0) prefixDepths |= depthBit(depth);
      if (node.patterns.length > 0) patternDepths |= depthBit(depth);
      if (node.prefix.length + node.patterns.length > 0) {
        this.pathDepthMax = Math.max(this.pathDepthMax, depth);
      }
      const text = encodeText(key);
      const value = this.nodes.length / NODE.stride;
      this.entries.push({ scope: id, hash: text.reduce(hashByte, HASH_START), text, value });
      this.addNode(node);
    }
    this.hosts.push(hasExact, prefixDepths, patternDepths);
  }

  private addNode(node: NodeDraft): void {
    const exactFrom = this.candidates.length;
    this.addCandidates(node.exact);
    const prefixFrom = this.candidates.length;
    this.addCandidates(node.prefix);
    const prefixTo = this.candidates.length;
    const patternFrom = this.patterns.length;
    for (const { rank, source, route } of node.patterns) {
      const candidate = this.withFlags(route << CANDIDATE.routeShift);
      this.patterns.push(rank, this.regexId(source), candidate);
    }
    this.nodes.push(exactFrom, prefixFrom, prefixFrom, prefixTo);
    this.nodes.push(patternFrom, this.patterns.length);
  }

  private addCandidates(candidates: readonly number[]): void {
    const routeOf = (candidate: number): number => candidate >> CANDIDATE.routeShift;
    const sorted = candidates.toSorted(
      (a, b) => compareConditions(this.routes[routeOf(a)]!, this.routes[routeOf(b)]!) || a - b,
    );
    for (const candidate of sorted) this.candidates.push(this.withFlags(candidate));
  }

  private withFlags(candidate: number): number {
    const isBound = this.conditions[candidate >> CANDIDATE.routeShift] !== null;
    return isBound ? candidate | CANDIDATE.hasConditions : candidate;
  }

  private regexId(source: string): number {
    let id = this.regexIds.get(source);
    if (id === undefined) {
      id = this.regexes.push(compilePattern(source)) - 1;
      this.regexIds.set(source, id);
    }
    return id;
  }
}
