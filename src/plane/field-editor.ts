/** Edits of a head's fields that a route asks for: names to leave out, lines to add. */
import type { FieldEdits } from '../config/plan.ts';
import { bytes } from './buffers.ts';
import { byteText } from './json-text.ts';

export class FieldEditor {
  /** Lower-case names that are left out: those removed and those set anew. */
  readonly #names: readonly string[];
  /** The lines that are added, each ending in CRLF, a character for each byte. */
  readonly lines: string;

  constructor(edits: FieldEdits) {
    this.#names = [...edits.remove, ...edits.set.map((pair) => pair.name)].map((name) =>
      name.toLowerCase(),
    );
    const added = [...edits.set, ...edits.add].map((pair) => `${pair.name}: ${pair.value}\r\n`);
    this.lines = byteText(added.join(''));
  }

  /** Whether the field whose name is bytes[start … end) is left out. */
  removes(start: number, end: number): boolean {
    for (const name of this.#names) {
      if (name.length === end - start && equalsLowerCase(name, start)) return true;
    }
    return false;
  }
}

function equalsLowerCase(name: string, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    let byte = bytes[start + i]!;
    if (byte >= 65 && byte <= 90) byte += 32;
    if (byte !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** An editor for the edits, or null where there are none. */
export function fieldEditor(edits: FieldEdits): FieldEditor | null {
  const isEmpty = edits.remove.length + edits.set.length + edits.add.length === 0;
  return isEmpty ? null : new FieldEditor(edits);
}
