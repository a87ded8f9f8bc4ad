/** Makes docs/errors.md from the tables of error codes. */
import { renderErrorCodes } from '../../src/base/error-codes.ts';
import type { ErrorCodeArea } from '../../src/base/error-codes.ts';
import { ACME_ERROR_CODES } from '../../src/control/acme/error-codes.ts';
import { LAB_ERROR_CODES } from '../../src/lab/error-codes.ts';
import { KERNEL_ERROR_CODES } from '../../src/control/kernel/error-codes.ts';
import { ADDRESS_ERROR_CODES } from '../../src/base/address-error-codes.ts';
import { SYSTEM_ERROR_CODES } from '../../src/base/system-error-codes.ts';
import { CONFIG_ERROR_CODES } from '../../src/config/error-codes.ts';
import { API_ERROR_CODES } from '../../src/control/admin/error-codes.ts';
import { CERTIFICATE_ERROR_CODES } from '../../src/control/certificates/error-codes.ts';
import { CONTROL_ERROR_CODES } from '../../src/control/error-codes.ts';

/** All tables there are. */
export const ERROR_CODE_AREAS: readonly ErrorCodeArea[] = [
  { title: 'Configuration', codes: CONFIG_ERROR_CODES },
  { title: 'Commands and the control plane', codes: CONTROL_ERROR_CODES },
  { title: 'The admin API', codes: API_ERROR_CODES },
  { title: 'Certificates and keys', codes: CERTIFICATE_ERROR_CODES },
  { title: 'Certificates by ACME', codes: ACME_ERROR_CODES },
  { title: 'Sockets, memory and workers', codes: SYSTEM_ERROR_CODES },
  { title: 'Floating addresses', codes: ADDRESS_ERROR_CODES },
  { title: 'Layer 4 in the kernel', codes: KERNEL_ERROR_CODES },
  { title: 'The lab', codes: LAB_ERROR_CODES },
];

const MARK =
  '<!-- Made from the tables of src by test/docs/generated.test.ts (UPDATE_GOLDEN=1): do not edit. -->';

/** The text of the page. */
export function errorsPage(): string {
  const [title = '', ...rest] = renderErrorCodes(ERROR_CODE_AREAS).split('\n');
  return `${[title, '', MARK, ...rest].join('\n').trimEnd()}\n`;
}
