import { asciiBytes } from './ascii.ts';
import { METHOD } from './http1-head.ts';

/** Spellings in the order of the ids; methods have case (RFC 9110 §9.1). */
const SPELLINGS: readonly Uint8Array[] = [
  '',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'TRACE',
  'CONNECT',
].map(asciiBytes);

/** METHOD id of the token `bytes[start..end)`. Once per request other than GET. */
export function knownMethod(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  for (let id = METHOD.get; id <= METHOD.connect; id++) {
    const spelling = SPELLINGS[id]!;
    if (spelling.length !== size || spelling[0] !== bytes[start]) continue;
    let i = 1;
    while (i < size && spelling[i] === bytes[start + i]) i++;
    if (i === size) return id;
  }
  return METHOD.other;
}
