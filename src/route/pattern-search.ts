import { CANDIDATE, PATTERN } from './route-compiler.ts';
import { decodeText } from './text.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import type { RouteParts } from './route-compiler.ts';

/**
 * Tries the patterns of several ranges in the order of their ranks: the merge of sorted lists. Each
 * range holds the patterns that hang on one literal beginning of the path.
 */
export class PatternSearch {
  private readonly parts: RouteParts;
  private readonly from: Int32Array;
  private readonly to: Int32Array;
  private count = 0;
  /** The path, once a pattern has asked for it; null before, and where it is too long. */
  private text: string | null = null;
  private isRead = false;

  constructor(parts: RouteParts) {
    this.parts = parts;
    this.from = new Int32Array(parts.pathDepthMax + 1);
    this.to = new Int32Array(parts.pathDepthMax + 1);
  }

  /** Forgets the path of the request before. */
  reset(): void {
    this.isRead = false;
    this.text = null;
  }

  /** Forgets the ranges. */
  clear(): void {
    this.count = 0;
  }

  /** Adds the range `from … to - 1` of the patterns; at most one per depth. */
  add(from: number, to: number): void {
    if (from === to) return;
    this.from[this.count] = from;
    this.to[this.count++] = to;
  }

  /** The route of the first pattern that matches and whose conditions hold, else -1. */
  find(bytes: Uint8Array, head: RequestHead): number {
    const { patterns, regexes, conditions } = this.parts;
    if (this.count === 0) return -1;
    if (!this.isRead) {
      this.isRead = true;
      this.text = decodeText(bytes, head.pathStart, head.pathEnd);
    }
    const { text } = this;
    if (text === null) return -1;
    let triedRegex = -1;
    let isMatch = false;
    for (let at = this.takeNext(); at >= 0; at = this.takeNext()) {
      const regex = patterns[at + PATTERN.regex]!;
      if (regex !== triedRegex) {
        triedRegex = regex;
        isMatch = regexes[regex]!.test(text);
      }
      if (!isMatch) continue;
      const candidate = patterns[at + PATTERN.candidate]!;
      const route = candidate >> CANDIDATE.routeShift;
      if ((candidate & CANDIDATE.hasConditions) === 0) return route;
      if (conditions[route]!.hold(bytes, head)) return route;
    }
    return -1;
  }

  /** Takes the pattern of the least rank out of the ranges; -1 where they are empty. */
  private takeNext(): number {
    const { patterns } = this.parts;
    let best = -1;
    let bestRank = 0;
    for (let i = 0; i < this.count; i++) {
      const at = this.from[i]!;
      if (at >= this.to[i]!) continue;
      const rank = patterns[at + PATTERN.rank]!;
      if (best < 0 || rank < bestRank) {
        best = i;
        bestRank = rank;
      }
    }
    if (best < 0) return -1;
    const at = this.from[best]!;
    this.from[best] = at + PATTERN.stride;
    return at;
  }
}
