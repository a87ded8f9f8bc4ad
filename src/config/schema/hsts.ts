import { z } from 'zod';
import { flag } from './scalar.ts';
import { section } from './structure.ts';
import { duration } from './units.ts';

/** Longest time that browsers can be told, in days. */
const MAX_AGE_DAYS = 3_650;

const maxAge = (description: string) => duration(description, 0, MAX_AGE_DAYS * 86_400_000);

const full = section('Strict-Transport-Security with settings.', {
  maxAge: maxAge('How long browsers use https alone; 0s makes them forget it.').prefault('180d'),
  includeSubDomains: flag('Whether it holds for all names below that of the request.').prefault(
    false,
  ),
  preload: flag(
    'Whether browsers may put the name into the list that they come with. Hard to undo.',
  ).prefault(false),
});

/** Schema of `hsts` of a listener. */
export const hstsSchema = z
  .union([maxAge('Short for { maxAge: … }.'), full])
  .optional()
  .meta({
    description:
      'Tells browsers to use https alone (RFC 6797) for so long, in every answer over TLS. Off by default.',
  });

/** `hsts` in one form; null where it is not given. */
export function hstsSettings(given: z.output<typeof hstsSchema>): z.output<typeof full> | null {
  if (given === undefined) return null;
  if (typeof given === 'object') return given;
  return { maxAge: given, includeSubDomains: false, preload: false };
}

/** The value of Strict-Transport-Security; "" where it is not given. */
export function hstsValue(given: z.output<typeof hstsSchema>): string {
  const settings = hstsSettings(given);
  if (settings === null) return '';
  const parts = [`max-age=${Math.floor(settings.maxAge / 1_000)}`];
  if (settings.includeSubDomains) parts.push('includeSubDomains');
  if (settings.preload) parts.push('preload');
  return parts.join('; ');
}
