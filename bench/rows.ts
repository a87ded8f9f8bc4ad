/** What is compared: a row for each kind of work, in the order in which it is printed. */
import type { Row } from './row.ts';
import { HTTP_ROWS } from './rows-http.ts';
import { HTTPS_ROWS } from './rows-https.ts';
import { LAYER4_ROWS } from './rows-layer4.ts';

export const ROWS: readonly Row[] = [...HTTP_ROWS, ...HTTPS_ROWS, ...LAYER4_ROWS];
