import type { AcmeStatus } from '../control/acme/acme-view.ts';
import type { StatusReport } from '../control/status-report.ts';
import { GREEN, RED, YELLOW } from './colours.ts';
import { durationText } from './duration-text.ts';
import { tableText } from './print.ts';

/** Colours of the states of a certificate; the word stands alone in its column. */
export const ACME_COLOURS: Readonly<Record<string, string>> = {
  waiting: YELLOW,
  obtaining: YELLOW,
  valid: GREEN,
  renewing: YELLOW,
  failed: RED,
};

/** A state in the table. */
export const ACME_WORD = new RegExp(
  `(?<= {2})(${Object.keys(ACME_COLOURS).join('|')})(?= {2})`,
  'g',
);

/** Certificates shown, those that fail first; the rest are counted in one line. */
const SHOWN = 20;
const DATE_CHARS = 'yyyy-mm-dd'.length;

/** Certificates by ACME as a table; "" where there are none. */
export function acmeText({ acme }: Pick<StatusReport, 'acme'>): string {
  if (acme.length === 0) return '';
  const failing = (one: AcmeStatus): number => (one.state === 'failed' ? 0 : 1);
  const sorted = [...acme].sort((a, b) => failing(a) - failing(b));
  const rows = sorted
    .slice(0, SHOWN)
    .map((one) => [
      one.name,
      one.names.length > 1 ? `${one.names[0]} and ${one.names.length - 1} more` : one.names.join(),
      one.state,
      one.notAfter === null ? 'none yet' : one.notAfter.slice(0, DATE_CHARS),
      nextText(one),
      one.lastError === null ? '' : `${one.lastError.code}: ${one.lastError.message}`,
    ]);
  const more = acme.length - rows.length;
  const head = ['ACME', 'NAMES', 'STATE', 'VALID TO', 'NEXT TRY', 'REASON'];
  return tableText([head, ...rows]) + (more > 0 ? `and ${more} more\n` : '');
}

function nextText({ nextTry }: AcmeStatus): string {
  if (nextTry === null) return 'now';
  const seconds = Math.max(0, Math.ceil((Date.parse(nextTry) - Date.now()) / 1_000));
  return `in ${durationText(seconds)}`;
}
