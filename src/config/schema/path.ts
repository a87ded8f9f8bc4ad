import { canonicalPathText } from '../../codec/canonical-path.ts';
import type { PathPolicy } from '../../codec/http1-head.ts';
import type { PathPattern } from '../plan.ts';
import { quote } from '../quote.ts';
import { parseRegex } from './regex.ts';
import { Problem, scalar, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';

const PATTERN_HINT = 'write /exact, /prefix/* or ~regex';

const problem = (text: string, hint: string): Problem =>
  new Problem('BAL_CONFIG_PATH', `${quote(text)} is not a path`, hint);

/** The policy that allows most: what a listener's own asks for is checked in rules/paths.ts. */
const ANY_POLICY: PathPolicy = { allowEncodedSlash: true, mergeSlashes: false };

const UNREADABLE = 'it has a broken escape, a character that paths cannot have, or too many ".."';

/** A literal path in canonical form; `shown` is the text that messages repeat. */
function parseLiteral(path: string, shown: string, suffix: string): string | Problem {
  if (!path.startsWith('/')) return problem(shown, `begin with a slash: /${shown}`);
  if (path.includes('?')) return problem(shown, 'conditions on the query stand under query');
  if (path.includes('#')) return problem(shown, 'a path has no fragment: remove "#" and the rest');
  const canonical = canonicalPathText(path, ANY_POLICY);
  if (canonical === null) return problem(shown, UNREADABLE);
  if (canonical === path) return path;
  const message = `${quote(shown)} is not in canonical form`;
  return new Problem('BAL_CONFIG_PATH_NOT_CANONICAL', message, `write ${canonical}${suffix}`);
}

/** Reads `/exact`, `/prefix/*` or `~regex`. */
export function parsePathPattern(text: string): PathPattern | Problem {
  if (text.startsWith('~')) {
    const source = parseRegex(text.slice(1));
    return source instanceof Problem ? source : { kind: 'regex', source };
  }
  const star = text.indexOf('*');
  if (star < 0) {
    const path = parseLiteral(text, text, '');
    return path instanceof Problem ? path : { kind: 'exact', path };
  }
  if (star !== text.length - 1) {
    return problem(text, 'a star stands at the end only: use ~regex for other patterns');
  }
  const prefix = text.slice(0, -1);
  if (!prefix.endsWith('/')) {
    return problem(text, `a prefix ends at the border of a segment: ${prefix}/*`);
  }
  const path = parseLiteral(prefix, text, '*');
  return path instanceof Problem ? path : { kind: 'prefix', path };
}

/** A schema for the pattern of a path. */
export function pathPattern(description: string): Scalar<PathPattern> {
  const meta = { title: 'path', type: 'string', pattern: '^[/~]' } as const;
  return scalar(meta, description, (value) =>
    typeof value === 'string' ? parsePathPattern(value) : wrongType(value, 'a path', PATTERN_HINT),
  );
}

/** A schema for a path that is sent or compared as it stands, in canonical form. */
export function literalPath(description: string): Scalar<string> {
  const meta = { title: 'path', type: 'string', pattern: '^/' } as const;
  return scalar(meta, description, (value) =>
    typeof value === 'string' ? parseLiteral(value, value, '') : wrongType(value, 'a path'),
  );
}

/** A schema for the target of a request: a path that may have a query. */
export function requestTarget(description: string): Scalar<string> {
  const meta = { title: 'path', type: 'string', pattern: '^/' } as const;
  return scalar(meta, description, (value) => {
    if (typeof value !== 'string') return wrongType(value, 'a path');
    if (!value.startsWith('/')) return problem(value, `begin with a slash: /${value}`);
    if (/^[\x21\x22\x24-\x7e]+$/.test(value)) return value;
    return problem(value, 'write visible ASCII characters without "#"; escape others as %XX');
  });
}
