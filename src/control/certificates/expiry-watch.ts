/** Tells of certificates that expire: 30, 14, 7 and 1 days ahead, and when it has happened. */
import type { ProductLog } from '../product-log.ts';
import type { Pair } from './read-pair.ts';

/** Days ahead at which a certificate is told of, once each. */
export const WARN_DAYS = [30, 14, 7, 1] as const;
/** Certificates that one look tells by name; of the rest it tells the number. */
export const TOLD_MAX = 20;

const DAY_MS = 86_400_000;
/** What an expired certificate is told at. */
const EXPIRED = 0;

/** What is known of a certificate's end. */
export type Expiring = Pick<Pair, 'source' | 'fingerprint' | 'notBefore' | 'notAfter'>;

export class ExpiryWatch {
  readonly #log: ProductLog;
  /** The last threshold that was told of each certificate, by its fingerprint. */
  #told = new Map<string, number>();

  constructor(log: ProductLog) {
    this.#log = log;
  }

  /**
   * Tells what is new about these certificates; those that are not among them are forgotten. `now`
   * is in ms since the epoch: a clock that is set back and forth tells nothing twice. Called when
   * certificates change, and every few minutes.
   */
  look(certificates: readonly Expiring[], now: number): void {
    const told = new Map<string, number>();
    let left = 0;
    let tells = 0;
    for (const certificate of certificates) {
      const before = this.#told.get(certificate.fingerprint) ?? Infinity;
      const threshold = Math.min(before, thresholdOf(certificate, now));
      told.set(certificate.fingerprint, threshold);
      if (threshold === before) continue;
      if (++tells <= TOLD_MAX) this.#tell(certificate, threshold, now);
      else left += 1;
    }
    this.#told = told;
    if (left === 0) return;
    this.#log.warn({ code: 'BAL_CERTIFICATE_EXPIRES', left }, 'more certificates expire');
  }

  #tell({ source, notBefore, notAfter }: Expiring, threshold: number, now: number): void {
    const end = new Date(notAfter).toISOString();
    const fields = { certificate: source.name, notAfter: end };
    if (threshold > EXPIRED) {
      const days = Math.max(0, Math.floor((notAfter - now) / DAY_MS));
      const when = days === 0 ? 'within a day' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
      const text = `certificate "${source.name}" expires ${when}: renew it`;
      this.#log.warn({ code: 'BAL_CERTIFICATE_EXPIRES', ...fields }, text);
      return;
    }
    const isEarly = now < notBefore;
    const since = new Date(isEarly ? notBefore : notAfter).toISOString();
    const what = isEarly ? `is not valid before ${since}` : `has expired on ${since}`;
    const text = `certificate "${source.name}" ${what}: it is served, and clients refuse it`;
    this.#log.error({ code: 'BAL_CERTIFICATE_EXPIRED', ...fields }, text);
  }
}

/**
 * The smallest number of days that a certificate's end is within, Infinity while it is far. Days
 * that are more than half of its life do not count: many live for a week by design.
 */
function thresholdOf({ notBefore, notAfter }: Expiring, now: number): number {
  if (now >= notAfter || now < notBefore) return EXPIRED;
  let threshold = Infinity;
  for (const days of WARN_DAYS) {
    const isFitting = days * DAY_MS <= (notAfter - notBefore) / 2;
    if (isFitting && notAfter - now <= days * DAY_MS) threshold = days;
  }
  return threshold;
}
