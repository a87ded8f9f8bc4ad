import type { ConfigPath } from './diagnostic.ts';

const CUT = Symbol('cut');

type Container = { [step: string | number]: unknown };

const isContainer = (value: unknown): value is Container =>
  typeof value === 'object' && value !== null;

/**
 * The plain value of a file from which wrong parts are cut away, so that the rules can go on with
 * the rest and all mistakes are found in one run.
 *
 * Entries of lists move up when earlier ones are cut: `originalPath` undoes that.
 */
export class PrunedTree {
  value: unknown;
  /** Texts of the original paths of all cuts, and of all that is above them. */
  readonly #touched = new Set<string>();
  /** For each list that lost entries, the original index of each entry. */
  readonly #places = new Map<unknown, readonly number[]>();

  /** Takes ownership of `value`. */
  constructor(value: unknown) {
    this.value = value;
  }

  /** Cuts the parts at `paths`, given in the tree's present indices. */
  cut(paths: readonly ConfigPath[]): void {
    for (const path of paths) this.#touch(path);
    for (const path of paths) this.#mark(path);
    this.value = this.#sweep(this.value);
  }

  /** Puts a value where there is none, in a map that exists. The place does not count as whole. */
  fill(path: ConfigPath, value: unknown): void {
    this.#touch(path);
    const map = this.#at(path.slice(0, -1));
    if (isContainer(map)) map[path.at(-1)!] = value;
  }

  /** The path in the file of what stands at `path` in the tree. */
  originalPath(path: ConfigPath): ConfigPath {
    let value: unknown = this.value;
    return path.map((step) => {
      const place = typeof step === 'number' ? this.#places.get(value)?.[step] : undefined;
      value = isContainer(value) ? value[step] : undefined;
      return place ?? step;
    });
  }

  /** Whether nothing was cut at or below `path`, given in the tree's present indices. */
  isWhole(path: ConfigPath): boolean {
    if (this.#touched.size === 0) return true;
    return !this.#touched.has(JSON.stringify(this.originalPath(path)));
  }

  /** Whether there is a value at `path`, given in the tree's present indices. */
  isGiven(path: ConfigPath): boolean {
    return this.#at(path) !== undefined;
  }

  #touch(path: ConfigPath): void {
    const original = this.originalPath(path);
    for (let i = 0; i <= path.length; i++) {
      this.#touched.add(JSON.stringify(original.slice(0, i)));
    }
  }

  #at(path: ConfigPath): unknown {
    let value: unknown = this.value;
    for (const step of path) value = isContainer(value) ? value[step] : undefined;
    return value;
  }

  #mark(path: ConfigPath): void {
    const last = path.at(-1);
    const value = this.#at(path.slice(0, -1));
    if (last === undefined) this.value = CUT;
    else if (isContainer(value)) value[last] = CUT;
  }

  #sweep(value: unknown): unknown {
    if (value === CUT) return undefined;
    if (Array.isArray(value)) return this.#sweepList(value);
    if (!isContainer(value)) return value;
    for (const [key, inner] of Object.entries(value)) {
      if (inner === CUT) delete value[key];
      else value[key] = this.#sweep(inner);
    }
    return value;
  }

  #sweepList(list: readonly unknown[]): readonly unknown[] {
    const kept: unknown[] = [];
    const places: number[] = [];
    const before = this.#places.get(list);
    for (const [i, inner] of list.entries()) {
      if (inner === CUT) continue;
      places.push(before?.[i] ?? i);
      kept.push(this.#sweep(inner));
    }
    if (kept.length === list.length) return list;
    this.#places.set(kept, places);
    return kept;
  }
}
