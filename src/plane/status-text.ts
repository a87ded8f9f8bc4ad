/** The standard phrase of a status (RFC 9110 §15); none where it has none. */
import { STATUS_CODES } from 'node:http';

export function statusText(status: number): string {
  return STATUS_CODES[status] ?? '';
}
