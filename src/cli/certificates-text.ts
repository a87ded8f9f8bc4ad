import type {
  CertificatesStatus,
  CertificateStatus,
} from '../control/certificates/certificate-status.ts';
import { tableText } from './print.ts';

/** Certificates shown, those that need somebody excepted: they all are. */
const SHOWN = 10;
/** Names of one certificate that are shown. */
const NAMES_SHOWN = 3;
/** From so many days to the end on, a certificate is shown whatever their number. */
const SOON_DAYS = 30;

/** The certificates of `ballast status`; "" where there is none. */
export function certificatesText({ total, broken, first }: CertificatesStatus): string {
  if (total + broken === 0) return '';
  const shown = first.filter((one, place) => place < SHOWN || needsSomebody(one));
  const rows = shown.map((one) => [
    one.name,
    one.state,
    one.daysLeft === null ? '' : String(one.daysLeft),
    one.keyType,
    namesText(one.names),
    one.issuer,
    one.problem,
  ]);
  const head = ['CERTIFICATE', 'STATE', 'DAYS LEFT', 'KEY', 'NAMES', 'ISSUER', 'PROBLEM'];
  const left = total + broken - shown.length;
  return tableText([head, ...rows]) + (left > 0 ? `and ${left} more certificates\n` : '');
}

function needsSomebody({ state, daysLeft }: CertificateStatus): boolean {
  return state !== 'served' || (daysLeft !== null && daysLeft <= SOON_DAYS);
}

function namesText(names: readonly string[]): string {
  const left = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).join(' ');
  return left > 0 ? `${shown} and ${left} more` : shown;
}
