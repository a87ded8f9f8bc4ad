import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, YAMLMap } from 'yaml';
import type { ConfigErrorCode } from './error-codes.ts';
import { quote } from './quote.ts';

/** Deepest nesting of maps and lists. */
const DEPTH_MAX = 64;
/** Most values that aliases may add: past it, the file is taken for an attack. */
const ALIAS_VALUES_MAX = 100_000;

/** Receives a mistake and the offset of its first character. */
export type OffsetReport = (
  code: ConfigErrorCode,
  offset: number,
  message: string,
  hint: string,
) => void;

/** Offset of the first character of a node; 0 where it has none. */
export function nodeOffset(node: unknown): number {
  const range = (node as Node | null)?.range;
  return range?.[0] ?? 0;
}

/** Turns the nodes of one document into plain values, and remembers what aliases stand for. */
export class YamlReader {
  readonly #report: OffsetReport;
  readonly #anchors = new Map<string, Node>();
  /** Nodes that are being read: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  readonly targets = new Map<Alias, Node>();
  #aliasDepth = 0;
  #isTooDeep = false;
  #aliasValues = 0;

  constructor(report: OffsetReport) {
    this.#report = report;
  }

  /** The plain value of a node. Mistakes are reported and leave null in their place. */
  read(node: unknown, depth = 0): unknown {
    if (depth > DEPTH_MAX) {
      if (this.#isTooDeep) return null;
      this.#isTooDeep = true;
      this.#report('BAL_CONFIG_YAML', nodeOffset(node), 'the file is nested too deeply', '');
      return null;
    }
    if (isAlias(node)) return this.#readAlias(node, depth);
    if (this.#aliasDepth > 0 && ++this.#aliasValues > ALIAS_VALUES_MAX) return null;
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node as Node);
    if (isScalar(node)) return this.#readScalar(node.value);
    if (!isMap(node) && !isSeq(node)) return null;
    this.#open.add(node);
    const value = isMap(node)
      ? this.#readMap(node, depth)
      : node.items.map((item) => this.read(item, depth + 1));
    this.#open.delete(node);
    return value;
  }

  /** Whether aliases added more values than allowed. */
  get isExhausted(): boolean {
    return this.#aliasValues > ALIAS_VALUES_MAX;
  }

  #readScalar(value: unknown): unknown {
    return typeof value === 'bigint' ? Number(value) : value;
  }

  #readAlias(alias: Alias, depth: number): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined || this.#open.has(target)) {
      const message = `the alias "*${alias.source}" stands for nothing`;
      const hint = 'an anchor of that name must end before the alias';
      this.#report('BAL_CONFIG_YAML', nodeOffset(alias), message, hint);
      return null;
    }
    this.targets.set(alias, target);
    this.#aliasDepth++;
    const value = this.read(target, depth);
    this.#aliasDepth--;
    return value;
  }

  #readMap(map: YAMLMap, depth: number): unknown {
    const value: Record<string, unknown> = {};
    for (const pair of map.items) {
      const key = this.#readKey(pair, value);
      const inner = this.read(pair.value, depth + 1);
      if (key !== null) value[key] = inner;
    }
    return value;
  }

  #readKey(pair: Pair, seen: Record<string, unknown>): string | null {
    const raw = isScalar(pair.key) ? pair.key.value : undefined;
    const offset = nodeOffset(pair.key);
    if (typeof raw !== 'string' && typeof raw !== 'number' && typeof raw !== 'boolean') {
      this.#report('BAL_CONFIG_WRONG_TYPE', offset, 'a key is not a text', 'write KEY: VALUE');
      return null;
    }
    const key = String(raw);
    if (key === '__proto__') {
      this.#report('BAL_CONFIG_UNKNOWN_KEY', offset, 'unknown key "__proto__"', 'remove it');
      return null;
    }
    if (key === '<<') {
      const hint = 'maps cannot be merged: repeat the keys, or use an alias for a whole value';
      this.#report('BAL_CONFIG_UNKNOWN_KEY', offset, 'unknown key "<<"', hint);
      return null;
    }
    if (Object.hasOwn(seen, key)) {
      const message = `the key ${quote(key)} is there twice`;
      this.#report('BAL_CONFIG_DUPLICATE_KEY', offset, message, 'keep one of them');
      return null;
    }
    return key;
  }
}
