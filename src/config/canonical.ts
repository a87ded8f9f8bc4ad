/** One escape or character of a path in canonical form, or null where it cannot stand. */
function canonicalUnit(unit: string): string | null {
  if (unit.length === 3) {
    const code = Number.parseInt(unit.slice(1), 16);
    const decoded = String.fromCharCode(code);
    if (code === 0 || decoded === '/' || decoded === '\\') return null;
    return /[A-Za-z0-9\-._~]/.test(decoded) ? decoded : unit.toUpperCase();
  }
  if (unit === '%' || unit === '\\' || unit === '\0') return null;
  return /[\x21-\x7e]/.test(unit) ? unit : encodeURIComponent(unit);
}

/** The canonical form of a path (RFC 3986 §6.2.2), or null where it has none. */
export function canonicalPath(text: string): string | null {
  let plain = '';
  for (const [unit] of text.matchAll(/%[0-9A-Fa-f]{2}|[^]/gu)) {
    const piece = canonicalUnit(unit);
    if (piece === null) return null;
    plain += piece;
  }
  const segments: string[] = [];
  const parts = plain.replaceAll(/\/+/g, '/').split('/').slice(1);
  for (const [place, part] of parts.entries()) {
    const isLast = place === parts.length - 1;
    if (part === '..') {
      if (segments.pop() === undefined) return null;
    } else if (part !== '.') segments.push(part);
    if (isLast && (part === '.' || part === '..')) segments.push('');
  }
  return `/${segments.join('/')}`;
}
