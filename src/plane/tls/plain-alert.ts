/** Alerts before there is anything to encrypt them with (RFC 8446 §6). */
import { bytes, reserveRegion } from '../buffers.ts';
import { sendOrKeep } from '../connection.ts';
import type { Connection } from '../connection.ts';

/** RFC 8446 §6.2. */
export const ALERT = { decodeError: 50, unrecognizedName: 112 } as const;

const ALERT_BYTES = 7;
const FATAL = 2;
const region = reserveRegion(ALERT_BYTES);
/** Record 21 of version 3.3, two bytes long. */
bytes.set([21, 3, 3, 0, 2, FATAL], region);

/** Sends a fatal alert in the clear; the connection is to be closed after it. */
export function sendAlert(c: Connection, description: number): void {
  bytes[region + ALERT_BYTES - 1] = description;
  sendOrKeep(c, region, ALERT_BYTES);
}
