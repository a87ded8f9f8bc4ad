import { word } from '../scalar.ts';
import { duration } from '../units.ts';

/** The keys that tell a primary from a replica; `lag` says what is measured. */
export function roleKeys(lag: string) {
  return {
    role: word(
      ['primary', 'replica', 'any'],
      'What the server must be: primary takes writes, replica follows one.',
    ).prefault('any'),
    maxLag: duration(`${lag} Not with role: primary; no limit by default.`).optional(),
  };
}
