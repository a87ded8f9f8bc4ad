/** A JSON string in ASCII: what is not ASCII is escaped, so that each character is one byte. */
export function jsonText(text: string): string {
  return JSON.stringify(text).replaceAll(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The UTF-8 bytes of a text as a string of Latin-1 characters, for `putText`. */
export function byteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
