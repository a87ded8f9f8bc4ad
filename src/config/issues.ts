import type { z } from 'zod';
import type { ConfigPath, Finding } from './diagnostic.ts';
import { laterKeyHint } from './later-words.ts';
import { quote } from './quote.ts';
import { allowedKeys, choiceAt, otherVariants } from './schema-walk.ts';
import type { Choice } from './schema-walk.ts';
import { Problem } from './schema/scalar.ts';
import { nearest, orList, suggestion } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** A finding, and the part of the file that must be taken away to go on without it. */
export type IssueFinding = {
  readonly finding: Finding;
  readonly cut: ConfigPath;
  /** The key that is missing at the place of the finding. */
  readonly missingKey?: string;
  /** A value to go on with in place of what stands at `cut`. */
  readonly replacement?: string;
  /** The key that an unknown one was probably meant to be. */
  readonly meantKey?: string;
};

const KINDS: { readonly [zodType: string]: string } = {
  array: 'a list',
  object: 'a map',
  record: 'a map',
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

/** Titles of kinds of values that need an article in a sentence. */
const NOUNS = new Set([
  'address',
  'certificate',
  'host',
  'method',
  'path',
  'protocol',
  'status',
  'text',
]);

/** Most words that a message lists; where there are more it says that it takes a word. */
const WORDS_SHOWN = 3;

/** Most keys that a hint names as examples of what a map may hold. */
const KEYS_SHOWN = 4;

/** Turns what the schema found into findings in words for people. */
export class IssueTranslator {
  readonly #schema: z.core.$ZodType;
  readonly #root: unknown;

  /** `root` is the value that was checked. */
  constructor(schema: z.core.$ZodType, root: unknown) {
    this.#schema = schema;
    this.#root = root;
  }

  translate(issues: readonly Issue[], base: ConfigPath = []): IssueFinding[] {
    const found = issues.flatMap((issue) =>
      this.#translateOne(issue, [...base, ...steps(issue.path)]),
    );
    return withoutMisspelt(found);
  }

  #valueAt(path: ConfigPath): unknown {
    let value: unknown = this.#root;
    for (const step of path) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as Record<string, unknown>)[step];
    }
    return value;
  }

  #translateOne(issue: Issue, path: ConfigPath): IssueFinding[] {
    if (path.length > 0 && issue.code !== 'invalid_key' && this.#valueAt(path) === undefined) {
      return [this.#missing(path)];
    }
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => this.#unknownKey(path, key));
      case 'invalid_union':
        return this.#union(issue, path);
      case 'invalid_key':
        return this.#badKey(issue, path);
      case 'custom':
        return [customFinding(issue, path)];
      case 'invalid_type':
        return [this.#wrongKind(path, KINDS[issue.expected] ?? 'what stands here')];
      case 'too_small':
        return [emptyFinding(path)];
      default:
        return [otherFinding(this.#valueAt(path), path)];
    }
  }

  #missing(path: ConfigPath): IssueFinding {
    const parent = path.slice(0, -1);
    const message = `"${path.at(-1)}" is missing`;
    const hint = parent.length === 0 ? 'add it at the top level' : `add it to ${placeName(parent)}`;
    return {
      finding: { code: 'BAL_CONFIG_MISSING_KEY', message, hint, path: parent, at: 'key' },
      cut: parent,
      missingKey: String(path.at(-1)),
    };
  }

  #unknownKey(path: ConfigPath, key: string): IssueFinding {
    const cut = [...path, key];
    const place = { path: cut, at: 'key' } as const;
    const later = laterKeyHint(path, key);
    if (later !== null) {
      const message = `${quote(key)} is not available in this version`;
      const finding = { code: 'BAL_CONFIG_NOT_AVAILABLE', message, hint: later, ...place } as const;
      return { finding, cut };
    }
    const choice = choiceAt(this.#schema, path, this.#root);
    const belongsTo = choice === null ? [] : otherVariants(choice, key);
    const allowed = allowedKeys(this.#schema, path, this.#root);
    if (choice !== null && belongsTo.length > 0) {
      const finding = misplacedKey(key, choice, belongsTo);
      return { finding: { ...finding, ...place }, cut };
    }
    const message = `unknown key ${quote(key)}`;
    const hint = suggestion(key, allowed);
    const finding = { code: 'BAL_CONFIG_UNKNOWN_KEY', message, hint, ...place } as const;
    const meantKey = nearest(key, allowed);
    return meantKey === null ? { finding, cut } : { finding, cut, meantKey };
  }

  #wrongKind(path: ConfigPath, expected: string): IssueFinding {
    const value = this.#valueAt(path);
    const code = value === null ? 'BAL_CONFIG_EMPTY' : 'BAL_CONFIG_WRONG_TYPE';
    const message = value === null ? 'the value is empty' : `${quote(value)} is not ${expected}`;
    const hint = this.#kindHint(path, expected, value);
    return { finding: { code, message, hint, path }, cut: path };
  }

  #kindHint(path: ConfigPath, expected: string, value: unknown): string {
    const orRemove = value === null ? ', or remove the key' : '';
    if (expected === 'a map') {
      const all = allowedKeys(this.#schema, path, this.#root);
      if (typeof value === 'string' && all.includes(value)) return `write { ${value}: {} }`;
      const keys = all.slice(0, KEYS_SHOWN);
      const such = keys.length === 0 ? '' : ` with keys such as ${keys.join(', ')}`;
      return `write a map${such}${orRemove}`;
    }
    if (expected === 'a list') {
      const isPlain = value !== null && typeof value !== 'object';
      if (isPlain) return `write [${JSON.stringify(value)}]`;
      return value === null ? `write a list${orRemove}` : 'begin each entry with "- "';
    }
    return value === null ? `write ${expected}${orRemove}` : '';
  }

  /** Goes on with that way to read the value that fits its kind, where there is just one. */
  #union(issue: z.core.$ZodIssueInvalidUnion, path: ConfigPath): IssueFinding[] {
    const choice = choiceAt(this.#schema, path, this.#root);
    const isMap = typeof this.#valueAt(path) === 'object' && this.#valueAt(path) !== null;
    if (isMap && choice?.rest.length === 0) {
      const issues = issue.errors[choice.index];
      return issues === undefined ? this.#badVariant(choice, path) : this.translate(issues, path);
    }
    const fitting = issue.errors.filter((issues) => !issues.some(isWrongKindHere));
    const chosen = fitting.length > 0 ? fitting[0] : undefined;
    if (chosen !== undefined) return this.translate(chosen, path);
    const kinds = issue.errors.flatMap((issues) =>
      issues.filter(isWrongKindHere).flatMap(expectedKinds),
    );
    return [this.#wrongKind(path, orList([...new Set(kinds)]))];
  }

  /** Goes on with the variant that was probably meant; without a guess the map is taken away. */
  #badVariant({ variants }: Choice, path: ConfigPath): IssueFinding[] {
    const at = [...path, variants.key];
    const result = variants.word.safeParse(this.#valueAt(at));
    const meant = nearest(String(this.#valueAt(at)), variants.words);
    return (result.error?.issues ?? []).map((issue) => {
      const { finding } = customFinding(issue, at);
      return meant === null ? { finding, cut: path } : { finding, cut: at, replacement: meant };
    });
  }

  #badKey(issue: z.core.$ZodIssueInvalidKey, path: ConfigPath): IssueFinding[] {
    return issue.issues.map((inner) => {
      const { finding } = customFinding(inner, path);
      return { finding: { ...finding, at: 'key' }, cut: path };
    });
  }
}

/** What to say of a key that other variants of the map know: `a tcp listener`, `protocol http`. */
function misplacedKey(
  key: string,
  { variants, index }: Choice,
  belongsTo: readonly string[],
): Pick<Finding, 'code' | 'message' | 'hint'> {
  const word = variants.words[index] ?? '';
  const article = /^[aeio]|^http/.test(word) ? 'an' : 'a';
  return {
    code: 'BAL_CONFIG_UNKNOWN_KEY',
    message: `unknown key ${quote(key)} in ${article} ${word} ${variants.noun}`,
    hint: `it belongs to ${variants.key} ${orList(belongsTo)}`,
  };
}

/** Leaves out a missing key where an unknown one of the same map was probably meant to be it. */
function withoutMisspelt(found: readonly IssueFinding[]): IssueFinding[] {
  const place = (path: ConfigPath, key: string): string => JSON.stringify([...path, key]);
  const meant = new Set<string>();
  for (const { finding, meantKey } of found) {
    if (meantKey !== undefined) meant.add(place(finding.path.slice(0, -1), meantKey));
  }
  return found.filter(
    ({ finding, missingKey }) =>
      missingKey === undefined || !meant.has(place(finding.path, missingKey)),
  );
}

function steps(path: readonly PropertyKey[]): ConfigPath {
  return path.map((step) => (typeof step === 'number' ? step : String(step)));
}

function problemOf(issue: Issue): Problem | null {
  if (issue.code !== 'custom') return null;
  const problem: unknown = issue.params?.['problem'];
  return problem instanceof Problem ? problem : null;
}

function isWrongKindHere(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === 'invalid_type' || problemOf(issue)?.isWrongType === true;
}

function withArticle(title: string): string {
  return NOUNS.has(title) ? `${/^[aeiou]/.test(title) ? 'an' : 'a'} ${title}` : title;
}

function expectedKinds(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [KINDS[issue.expected] ?? issue.expected];
  const title: unknown = issue.code === 'custom' ? issue.params?.['expected'] : undefined;
  if (typeof title !== 'string') return ['a text'];
  const parts = title.split(/ \| | or /).map(withArticle);
  return parts.length > WORDS_SHOWN ? ['a word'] : parts;
}

function customFinding(issue: Issue, path: ConfigPath): IssueFinding {
  const problem = problemOf(issue);
  if (problem === null) return otherFinding(undefined, path);
  const { code, message, hint } = problem;
  return { finding: { code, message, hint, path }, cut: path };
}

function emptyFinding(path: ConfigPath): IssueFinding {
  const message = 'the list is empty';
  const hint = 'add an entry, or remove the key';
  return { finding: { code: 'BAL_CONFIG_EMPTY', message, hint, path }, cut: path };
}

function otherFinding(value: unknown, path: ConfigPath): IssueFinding {
  const message = `${quote(value)} is not allowed here`;
  return { finding: { code: 'BAL_CONFIG_WRONG_TYPE', message, path }, cut: path };
}

/** Words for the place of a map: its own key, or its place in a list. */
export function placeName(path: ConfigPath): string {
  const last = path.at(-1);
  if (typeof last === 'number') return `entry ${last + 1} of ${placeName(path.slice(0, -1))}`;
  return quote(last);
}
