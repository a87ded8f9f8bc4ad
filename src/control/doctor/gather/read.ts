/** Reading what the kernel shows as files. */
import { readFileSync } from 'node:fs';

/** The text of a file, trimmed; null where it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** A kernel parameter by its dotted name, as sysctl(8) writes it. */
export function readSysctl(name: string): string | null {
  return readText(`/proc/sys/${name.replaceAll('.', '/')}`);
}

/** A number in a file, `max` and `unlimited` being Infinity; null where there is none. */
export function readNumber(path: string): number | null {
  return limitNumber(readText(path));
}

export function limitNumber(text: string | null): number | null {
  if (text === null) return null;
  if (text === 'max' || text === 'unlimited') return Infinity;
  return /^\d+$/.test(text) ? Number(text) : null;
}
