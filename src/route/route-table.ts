import { HASH_START, hashByte } from './byte-table.ts';
import { PatternSearch } from './pattern-search.ts';
import {
  ANY_HOST,
  CANDIDATE,
  compileParts,
  depthBit,
  HOST,
  HOST_SCOPE,
  NODE,
} from './route-compiler.ts';
import { lowerByte } from './text.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import type { RouteConditions } from './route-conditions.ts';
import type { RouteMatch } from './route-match.ts';
import type { RouteParts } from './route-compiler.ts';

/** Longest host name (RFC 1035 §2.3.4), in bytes; a longer one meets only routes for any host. */
const HOST_BYTES_MAX = 253;
const DOT = 0x2e;
const SLASH = 0x2f;

/** Compiles the routes of a listener. Once per plan; see docs/routing.md for the precedence. */
export function compileRoutes(routes: readonly RouteMatch[]): RouteTable {
  return new RouteTable(compileParts(routes));
}

/**
 * Finds the route of a request in time that does not depend on the number of routes: one pass over
 * the host and one over the path give the hashes of all their suffixes and prefixes that a route
 * could have, and each of those that some route has the length of is looked up, longest first.
 *
 *   host   shop.example.com      path   /api/v1/users
 *              |       |                |   |  |     |
 *          suffixes, longest first      prefixes, longest first; the whole as exact path before
 *
 * Makes no string, except for regular expressions.
 */
export class RouteTable {
  /**
   * After `find` has found a route: the index into the bytes at which the part of the path ends that
   * the route's prefix matched, its last slash excluded. The end of the path for an exact path, its
   * start for a regular expression and for any path.
   */
  prefixEnd = 0;

  private readonly parts: RouteParts;
  private readonly conditions: readonly (RouteConditions | null)[];
  private readonly patterns: PatternSearch;
  private readonly host = new Uint8Array(HOST_BYTES_MAX);
  private hostLength = 0;
  private hostHash = 0;
  /** Starts in `host`, and hashes, of the suffixes that begin with a dot, shortest first. */
  private readonly suffixStarts: Int32Array;
  private readonly suffixHashes: Int32Array;
  private suffixCount = 0;
  private pathHash = 0;
  /** Ends in the bytes, and hashes, of the prefixes that end before a slash or at the end. */
  private readonly borderEnds: Int32Array;
  private readonly borderHashes: Int32Array;
  private borderCount = 0;

  constructor(parts: RouteParts) {
    this.parts = parts;
    this.conditions = parts.conditions;
    this.patterns = new PatternSearch(parts);
    this.suffixStarts = new Int32Array(parts.suffixDepthMax);
    this.suffixHashes = new Int32Array(parts.suffixDepthMax);
    this.borderEnds = new Int32Array(parts.pathDepthMax + 1);
    this.borderHashes = new Int32Array(parts.pathDepthMax + 1);
  }

  /**
   * Index of the route for a parsed head, -1 where none matches. `bytes` are those that the offsets
   * of `head` refer to. Once per request.
   */
  find(bytes: Uint8Array, head: RequestHead): number {
    const { hostTable, suffixDepths } = this.parts;
    this.readPath(bytes, head.pathStart, head.pathEnd);
    this.patterns.reset();
    this.readHost(bytes, head.hostStart, head.hostNameEnd);
    if (this.hostLength > 0) {
      const { host, hostLength } = this;
      const exact = hostTable.find(HOST_SCOPE.exact, this.hostHash, host, 0, hostLength);
      if (exact >= 0) {
        const route = this.findInHost(exact, bytes, head);
        if (route >= 0) return route;
      }
      for (let i = this.suffixCount - 1; i >= 0; i--) {
        if ((suffixDepths & depthBit(i + 1)) === 0) continue;
        const start = this.suffixStarts[i]!;
        const hash = this.suffixHashes[i]!;
        const id = hostTable.find(HOST_SCOPE.suffix, hash, host, start, hostLength);
        if (id < 0) continue;
        const route = this.findInHost(id, bytes, head);
        if (route >= 0) return route;
      }
    }
    return this.findInHost(ANY_HOST, bytes, head);
  }

  /** Lower-cases the host, and hashes it from its end. */
  private readHost(bytes: Uint8Array, start: number, nameEnd: number): void {
    let end = nameEnd;
    if (start >= 0 && end > start && bytes[end - 1] === DOT) end--;
    const length = end - start;
    this.suffixCount = 0;
    if (start < 0 || length <= 0 || length > HOST_BYTES_MAX) {
      this.hostLength = 0;
      return;
    }
    const { host, suffixStarts, suffixHashes } = this;
    let hash = HASH_START;
    let suffixes = 0;
    for (let i = length - 1; i >= 0; i--) {
      const byte = lowerByte(bytes[start + i]!);
      host[i] = byte;
      hash = hashByte(hash, byte);
      // A wildcard stands for one label at least, so nothing may precede the first byte.
      if (byte === DOT && i > 0 && suffixes < suffixStarts.length) {
        suffixStarts[suffixes] = i;
        suffixHashes[suffixes++] = hash;
      }
    }
    this.suffixCount = suffixes;
    this.hostHash = hash;
    this.hostLength = length;
  }

  /** Hashes the path, and notes the hash at each segment border. */
  private readPath(bytes: Uint8Array, start: number, end: number): void {
    const { borderEnds, borderHashes } = this;
    const bordersMax = borderEnds.length;
    let hash = HASH_START;
    let borders = 0;
    // The empty prefix stands for any path, also for "*", which begins with no slash.
    borderEnds[0] = start;
    borderHashes[0] = hash;
    if (bytes[start] !== SLASH) borders = 1;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === SLASH && borders < bordersMax) {
        borderEnds[borders] = i;
        borderHashes[borders++] = hash;
      }
      hash = hashByte(hash, byte);
    }
    this.pathHash = hash;
    if (borders < bordersMax) {
      borderEnds[borders] = end;
      borderHashes[borders++] = hash;
    }
    this.borderCount = borders;
  }

  private findInHost(id: number, bytes: Uint8Array, head: RequestHead): number {
    const { hosts, nodes, pathTable } = this.parts;
    const at = id * HOST.stride;
    const { pathStart, pathEnd } = head;
    if (hosts[at + HOST.hasExact]! !== 0) {
      const node = pathTable.find(id, this.pathHash, bytes, pathStart, pathEnd) * NODE.stride;
      if (node >= 0) {
        const to = nodes[node + NODE.exactTo]!;
        const route = this.firstOf(nodes[node + NODE.exactFrom]!, to, bytes, head);
        if (route >= 0) {
          this.prefixEnd = pathEnd;
          return route;
        }
      }
    }
    if (hosts[at + HOST.patternDepths]! !== 0) {
      const route = this.findPattern(id, bytes, head);
      if (route >= 0) {
        this.prefixEnd = pathStart;
        return route;
      }
    }
    const depths = hosts[at + HOST.prefixDepths]!;
    for (let i = depths === 0 ? -1 : this.borderCount - 1; i >= 0; i--) {
      if ((depths & depthBit(i)) === 0) continue;
      const end = this.borderEnds[i]!;
      const node = pathTable.find(id, this.borderHashes[i]!, bytes, pathStart, end) * NODE.stride;
      if (node < 0) continue;
      const to = nodes[node + NODE.prefixTo]!;
      const route = this.firstOf(nodes[node + NODE.prefixFrom]!, to, bytes, head);
      if (route >= 0) {
        this.prefixEnd = end;
        return route;
      }
    }
    return -1;
  }

  /** Tries the patterns of a host whose literal beginnings the path has. */
  private findPattern(id: number, bytes: Uint8Array, head: RequestHead): number {
    const { hosts, nodes, pathTable } = this.parts;
    const { patterns } = this;
    const depths = hosts[id * HOST.stride + HOST.patternDepths]!;
    if (bytes[head.pathStart] !== SLASH) return -1;
    patterns.clear();
    for (let i = this.borderCount - 1; i >= 0; i--) {
      if ((depths & depthBit(i)) === 0) continue;
      const end = this.borderEnds[i]!;
      const hash = this.borderHashes[i]!;
      const node = pathTable.find(id, hash, bytes, head.pathStart, end) * NODE.stride;
      if (node < 0) continue;
      patterns.add(nodes[node + NODE.patternFrom]!, nodes[node + NODE.patternTo]!);
    }
    return patterns.find(bytes, head);
  }

  /** The first candidate of a range whose conditions hold. */
  private firstOf(from: number, to: number, bytes: Uint8Array, head: RequestHead): number {
    const { candidates } = this.parts;
    for (let i = from; i < to; i++) {
      const candidate = candidates[i]!;
      const route = candidate >> CANDIDATE.routeShift;
      if ((candidate & CANDIDATE.needsSlash) !== 0 && bytes[head.pathStart] !== SLASH) continue;
      if ((candidate & CANDIDATE.hasConditions) === 0) return route;
      if (this.conditions[route]!.hold(bytes, head)) return route;
    }
    return -1;
  }
}
