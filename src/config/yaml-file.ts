import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, Pair, YAMLError, YAMLWarning } from 'yaml';
import type { Where } from '../base/errors.ts';
import type { ConfigPath, Diagnostic, Finding } from './diagnostic.ts';
import { yamlSentence } from './yaml-errors.ts';
import { nodeOffset, YamlReader } from './yaml-value.ts';

/** Largest configuration file in characters. */
export const FILE_MAX = 16 * 1_048_576;

/** Most errors of YAML itself that are reported. */
const YAML_ERRORS_MAX = 20;

/** A parsed file: its plain value, and where in the text each part of it stands. */
export class YamlFile {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: Diagnostic[] = [];
  /** The plain value; undefined where the text is not well-formed YAML. */
  readonly value: unknown;
  /** Whether parts of the value are missing because they could not be read, as was reported. */
  hasGaps = false;
  readonly #lines = new LineCounter();
  readonly #root: unknown;
  readonly #reader: YamlReader;
  /** Pairs of maps by key, filled when a map is first asked for. */
  readonly #pairs = new Map<unknown, Map<string, Pair>>();

  constructor(text: string, file: string) {
    this.file = file;
    this.text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.#reader = new YamlReader((code, offset, message, hint) => {
      if (code !== 'BAL_CONFIG_DUPLICATE_KEY') this.hasGaps = true;
      this.#add({ code, message, hint, path: [] }, offset);
    });
    this.#root = this.#parse();
    this.value = this.#root === undefined ? undefined : this.#read();
  }

  /** The diagnostic of a finding, at the place of its key or value. */
  place(finding: Finding): Diagnostic {
    return this.#diagnostic(finding, this.#offset(finding.path, finding.at ?? 'value'));
  }

  /** The place of the value at `path`, or of the nearest thing around it that is there. */
  where(path: ConfigPath): Where {
    const { line, col } = this.#lines.linePos(this.#offset(path, 'value'));
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  #diagnostic(finding: Finding, offset: number): Diagnostic {
    const { line, col } = this.#lines.linePos(offset);
    return {
      severity: finding.severity ?? 'error',
      code: finding.code,
      message: finding.message,
      hint: finding.hint ?? '',
      file: this.file,
      line: Math.max(1, line),
      column: Math.max(1, col),
    };
  }

  #add(finding: Finding, offset: number): void {
    this.diagnostics.push(this.#diagnostic(finding, offset));
  }

  #parse(): unknown {
    if (this.text.length > FILE_MAX) {
      const message = `the file has ${this.text.length} characters`;
      this.#add(
        { code: 'BAL_CONFIG_TOO_LARGE', message, hint: `at most ${FILE_MAX}`, path: [] },
        0,
      );
      return undefined;
    }
    const document = parseDocument(this.text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: false,
      uniqueKeys: false,
    });
    this.#addYamlErrors([...document.errors, ...document.warnings]);
    return this.diagnostics.length > 0 ? undefined : document.contents;
  }

  /** One error of YAML brings others in its wake: the first of each line is enough. */
  #addYamlErrors(errors: readonly (YAMLError | YAMLWarning)[]): void {
    const lines = this.text.split('\n');
    const seen = new Set<number>();
    for (const error of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
      const { line } = this.#lines.linePos(error.pos[0]);
      if (seen.has(line) || seen.size >= YAML_ERRORS_MAX) continue;
      seen.add(line);
      const [message, hint] = yamlSentence(error, lines[line - 1] ?? '');
      this.#add({ code: 'BAL_CONFIG_YAML', message, hint, path: [] }, error.pos[0]);
    }
  }

  #read(): unknown {
    const value = this.#reader.read(this.#root);
    if (this.#reader.isExhausted) {
      const message = 'aliases make the file too large';
      this.#add({ code: 'BAL_CONFIG_YAML', message, hint: 'write the values out', path: [] }, 0);
      return undefined;
    }
    return value;
  }

  #pairOf(map: unknown, key: string): Pair | undefined {
    let pairs = this.#pairs.get(map);
    if (pairs === undefined && isMap(map)) {
      pairs = new Map();
      for (const pair of map.items) {
        const name = isScalar(pair.key) ? String(pair.key.value) : '';
        if (!pairs.has(name)) pairs.set(name, pair);
      }
      this.#pairs.set(map, pairs);
    }
    return pairs?.get(key);
  }

  /** Offset of what `path` leads to, or of the nearest thing around it that is there. */
  #offset(path: ConfigPath, at: 'key' | 'value'): number {
    let node: unknown = this.#root;
    let key: unknown = null;
    for (const step of path) {
      const target = isAlias(node) ? this.#reader.targets.get(node) : node;
      if (isSeq(target)) {
        const item = target.items[Number(step)];
        if (item === undefined) break;
        [node, key] = [item, null];
      } else {
        const pair = this.#pairOf(target, String(step));
        if (pair === undefined) break;
        [node, key] = [pair.value, pair.key];
      }
    }
    if (key !== null && (at === 'key' || isAbsent(node))) return nodeOffset(key);
    return nodeOffset(node);
  }
}

/** Whether a value was left out behind its key. */
function isAbsent(node: unknown): boolean {
  if (node === null || node === undefined) return true;
  const range = (node as Node).range;
  return isScalar(node) && node.value === null && range?.[0] === range?.[1];
}
