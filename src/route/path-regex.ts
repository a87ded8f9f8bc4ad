/**
 * Longest path, header value or query value, in bytes, that a regular expression is run on. One that
 * is longer matches none, so that the time of a match is bounded by the configuration.
 */
export const REGEX_INPUT_MAX = 4096;

/**
 * Compiles the source of a path, header or query pattern: a JavaScript regular expression without
 * flags, not anchored. Throws a SyntaxError where it is malformed; a checked configuration has none.
 */
export function compilePattern(source: string): RegExp {
  return new RegExp(source);
}

const LITERAL = /[A-Za-z0-9_~%!@&=,:;'"<>`/-]/;
const ESCAPED_LITERAL = /[./~%!@&=,:;'"<>`+*?()[\]{}|^$\\-]/;

/**
 * Text that every path begins with that a pattern matches, up to its last slash and without it: the
 * pattern `^/api/v[0-9]+/` needs `/api`. Empty where nothing is known, as for a pattern that is not
 * anchored by "^". Lets the table try a pattern only on paths that it could match.
 */
export function literalPrefix(source: string): string {
  if (!source.startsWith('^/') || hasTopAlternative(source)) return '';
  let text = '';
  let at = 1;
  while (at < source.length) {
    const isEscape = source[at] === '\\';
    const char = isEscape ? source[at + 1] : source[at];
    if (char === undefined || !(isEscape ? ESCAPED_LITERAL : LITERAL).test(char)) break;
    at += isEscape ? 2 : 1;
    // A quantified character may be absent or repeated: nothing after it has a fixed place.
    if (at < source.length && '?*+{'.includes(source[at]!)) break;
    text += char;
  }
  return text.slice(0, text.lastIndexOf('/'));
}

/** Whether "|" stands outside all groups and classes. */
function hasTopAlternative(source: string): boolean {
  let depth = 0;
  let isInClass = false;
  for (let at = 0; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (isInClass) isInClass = char !== ']';
    else if (char === '[') isInClass = true;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}
