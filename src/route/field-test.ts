import { FIELD_STRIDE } from '../codec/http1-head.ts';
import { compilePattern } from './path-regex.ts';
import { decodeQuery, equalsDecoded, nameEnd, pairEnd } from './query-pairs.ts';
import { decodeText, encodeText, lowerByte } from './text.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import type { FieldMatch } from './route-match.ts';

/**
 * One header or query condition of a route, compiled. Where a name occurs more than once, `exact`
 * and `regex` hold if one of its values fits, `absent` if the name occurs not at all.
 */
export class FieldTest {
  private readonly name: Uint8Array;
  private readonly isAbsent: boolean;
  private readonly value: Uint8Array | null;
  private readonly pattern: RegExp | null;

  constructor(match: FieldMatch) {
    const { test } = match;
    this.name = encodeText(match.name);
    this.isAbsent = test.kind === 'absent';
    this.value = test.kind === 'exact' ? encodeText(test.value) : null;
    this.pattern = test.kind === 'regex' ? compilePattern(test.source) : null;
  }

  /**
   * Whether the condition holds for the fields of a head. Fields that will not be passed on, such as
   * Upgrade, count too: routes ask for them.
   */
  holdsForHeaders(bytes: Uint8Array, head: RequestHead): boolean {
    const { fields } = head;
    const end = head.fieldCount * FIELD_STRIDE;
    for (let at = 0; at < end; at += FIELD_STRIDE) {
      if (!this.isName(bytes, fields[at]!, fields[at + 1]!)) continue;
      if (this.isAbsent) return false;
      if (this.isValue(bytes, fields[at + 2]!, fields[at + 3]!)) return true;
    }
    return this.isAbsent;
  }

  /** Whether the condition holds for the query of a head. */
  holdsForQuery(bytes: Uint8Array, head: RequestHead): boolean {
    const { queryEnd } = head;
    if (head.queryStart < 0) return this.isAbsent;
    let at = head.queryStart;
    while (at < queryEnd) {
      const end = pairEnd(bytes, at, queryEnd);
      const nameStop = nameEnd(bytes, at, end);
      if (end > at && equalsDecoded(bytes, at, nameStop, this.name)) {
        if (this.isAbsent) return false;
        if (this.isQueryValue(bytes, nameStop < end ? nameStop + 1 : end, end)) return true;
      }
      at = end + 1;
    }
    return this.isAbsent;
  }

  private isName(bytes: Uint8Array, start: number, end: number): boolean {
    const { name } = this;
    if (end - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      if (lowerByte(bytes[start + i]!) !== name[i]) return false;
    }
    return true;
  }

  private isValue(bytes: Uint8Array, start: number, end: number): boolean {
    const { value, pattern } = this;
    if (value !== null) {
      if (end - start !== value.length) return false;
      for (let i = 0; i < value.length; i++) {
        if (bytes[start + i] !== value[i]) return false;
      }
      return true;
    }
    if (pattern === null) return true;
    const text = decodeText(bytes, start, end);
    return text !== null && pattern.test(text);
  }

  private isQueryValue(bytes: Uint8Array, start: number, end: number): boolean {
    const { value, pattern } = this;
    if (value !== null) return equalsDecoded(bytes, start, end, value);
    if (pattern === null) return true;
    const decoded = decodeQuery(bytes, start, end);
    const text = decodeText(decoded, 0, decoded.length);
    return text !== null && pattern.test(text);
  }
}
