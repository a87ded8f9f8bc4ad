import type { ErrorCode } from 'yaml';

/** What a person is told about each kind of mistake that the YAML parser finds: message, hint. */
const SENTENCES: { readonly [code in ErrorCode]?: readonly [string, string] } = {
  ALIAS_PROPS: ['an alias cannot have an anchor or a tag', ''],
  BAD_ALIAS: ['this alias cannot be read', 'write *NAME of an anchor &NAME further up'],
  BAD_COLLECTION_TYPE: ['this tag does not fit a map or a list', 'remove the tag'],
  BAD_DIRECTIVE: ['unknown directive', 'remove the line: lines that begin with "%" are directives'],
  BAD_DQ_ESCAPE: [
    'unknown escape in a text in double quotes',
    'use single quotes, or double the backslash',
  ],
  BAD_INDENT: ['the indentation does not fit', 'keys of one map begin in the same column'],
  BAD_PROP_ORDER: ['anchors and tags stand before the value', ''],
  BAD_SCALAR_START: ['a text cannot begin with this character', 'put the text in quotes'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second ": " in one line',
    'put the text in quotes, or begin a new line',
  ],
  BLOCK_IN_FLOW: ['something is missing before this', 'a comma, or a closing bracket or brace'],
  DUPLICATE_KEY: ['the same key twice', 'keep one of them'],
  IMPOSSIBLE: ['this cannot be read', ''],
  MISSING_CHAR: [
    'something is missing here',
    'a quote, bracket, brace, comma or colon is not closed or left out',
  ],
  MULTILINE_IMPLICIT_KEY: ['a key has no ":" behind it', 'write KEY: VALUE'],
  MULTIPLE_ANCHORS: ['a value has two anchors', 'keep one of them'],
  MULTIPLE_DOCS: ['a second document begins here', 'one file holds one document: remove the "---"'],
  MULTIPLE_TAGS: ['a value has two tags', 'remove them'],
  NON_STRING_KEY: ['a key must be a text', ''],
  RESOURCE_EXHAUSTION: ['the file is nested too deeply', ''],
  TAB_AS_INDENT: ['a tab in the indentation', 'indent with spaces'],
  TAG_RESOLVE_FAILED: ['unknown tag', 'remove the tag: only plain values are read'],
  UNEXPECTED_TOKEN: [
    'this does not belong here',
    'is a quote, comma, colon or line break missing before it?',
  ],
};

const QUOTE_ADDRESS = 'put addresses with brackets in quotes: "[::]:80"';

/** The sentence for an error of the YAML parser; `line` is the source line that it is on. */
export function yamlSentence(
  error: { readonly code: ErrorCode; readonly message: string },
  line: string,
): readonly [string, string] {
  const closing = /end with a ([\]}])/.exec(error.message)?.[1];
  if (closing !== undefined) return [`a "${closing}" is missing`, 'close what was opened before'];
  const [message, hint] = SENTENCES[error.code] ?? ['this cannot be read', ''];
  const isBracketAddress = /(?:^|[\s,])\[[0-9A-Fa-f:.]*\]:\d/.test(line);
  return [message, isBracketAddress ? QUOTE_ADDRESS : hint];
}
