/** The tokens of a file: who may ask the admin API, and for what. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { BallastError } from '../../base/errors.ts';

/** What a token allows: looking, or changing too. */
export type Role = 'read' | 'write';

/** Tokens of a file. */
export const TOKENS_MAX = 64;
/** A shorter one can be guessed. */
export const TOKEN_CHARACTERS_MIN = 16;
const TOKEN_CHARACTERS_MAX = 512;

type Entry = { readonly role: Role; readonly hash: Buffer; readonly text: string };

export class TokenList {
  readonly #entries: readonly Entry[];

  private constructor(entries: readonly Entry[]) {
    this.#entries = entries;
  }

  /**
   * Reads the text of a token file: `read TOKEN` or `write TOKEN` on each line; a token alone may
   * write; `#` begins a comment line. Throws BAL_ADMIN_TOKENS, which never repeats a token.
   */
  static parse(text: string, path: string): TokenList {
    const entries: Entry[] = [];
    for (const [i, line] of text.split('\n').entries()) {
      const words = line.trim().split(/\s+/);
      if (words[0] === '' || words[0]!.startsWith('#')) continue;
      entries.push(entryOf(words, `${path}:${i + 1}`));
    }
    if (entries.length === 0) throw bad(path, 'it has no token');
    if (entries.length > TOKENS_MAX) throw bad(path, `it has ${entries.length} tokens`);
    return new TokenList(entries);
  }

  /**
   * What a token allows; null where it is none of ours. Takes as long whichever it is: hashes are
   * compared, and always all of them.
   */
  roleOf(token: string): Role | null {
    const hash = hashOf(token);
    let role: Role | null = null;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.hash, hash) && role !== 'write') ({ role } = entry);
    }
    return role;
  }

  /** The token that allows most, for commands that read the file themselves. */
  get best(): string {
    return (this.#entries.find(({ role }) => role === 'write') ?? this.#entries[0]!).text;
  }
}

function entryOf(words: readonly string[], where: string): Entry {
  const [first = '', second] = words;
  const role = second === undefined ? 'write' : first;
  const text = second ?? first;
  if ((role !== 'read' && role !== 'write') || words.length > 2) {
    throw bad(where, 'a line is a token, "read TOKEN" or "write TOKEN"');
  }
  if (!/^[\x21-\x7e]+$/.test(text)) throw bad(where, 'a token has visible ASCII characters');
  if (text.length < TOKEN_CHARACTERS_MIN || text.length > TOKEN_CHARACTERS_MAX) {
    throw bad(where, `a token has ${TOKEN_CHARACTERS_MIN} to ${TOKEN_CHARACTERS_MAX} characters`);
  }
  return { role, text, hash: hashOf(text) };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function bad(where: string, what: string): BallastError {
  return new BallastError('BAL_ADMIN_TOKENS', `cannot use the tokens of "${where}": ${what}`, {
    source: 'configuration',
    hint: `1 to ${TOKENS_MAX} lines; "openssl rand -base64 32" makes a good token`,
  });
}
