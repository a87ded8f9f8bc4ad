import { quote } from '../quote.ts';
import { Problem } from './scalar.ts';

/** Longest regular expression in characters. */
export const REGEX_MAX = 1_024;

/** The source of a regular expression if it compiles, or what is wrong with it. */
export function parseRegex(source: string): string | Problem {
  if (source === '') {
    return new Problem(
      'BAL_CONFIG_REGEX',
      'the regular expression is empty',
      'write one after "~"',
    );
  }
  if (source.length > REGEX_MAX) {
    const message = `the regular expression has ${source.length} characters`;
    return new Problem('BAL_CONFIG_REGEX', message, `write at most ${REGEX_MAX}`);
  }
  try {
    new RegExp(source);
    return source;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const cause = text.slice(text.lastIndexOf(': ') + 2);
    const message = `${quote(`~${source}`)} is not a regular expression`;
    return new Problem('BAL_CONFIG_REGEX', message, cause.charAt(0).toLowerCase() + cause.slice(1));
  }
}

/**
 * Whether a group that repeats without limit is itself repeated without limit, as in `(a+)+`: the
 * form that makes backtracking exponential. A guess for a warning: some such groups are harmless.
 */
export function hasNestedRepeat(source: string): boolean {
  const repeats: boolean[] = [false];
  let isClass = false;
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (c === '\\') i++;
    else if (isClass) isClass = c !== ']';
    else if (c === '[') isClass = true;
    else if (c === '(') repeats.push(false);
    else if (c === ')') {
      const inner = repeats.pop() ?? false;
      const isRepeated = /^(?:[*+]|\{\d+,\})/.test(source.slice(i + 1));
      if (inner && isRepeated) return true;
      if (inner || isRepeated) repeats[repeats.length - 1] = true;
    } else if (c === '*' || c === '+' || /^\{\d+,\}/.test(source.slice(i, i + 12))) {
      repeats[repeats.length - 1] = true;
    }
  }
  return false;
}
