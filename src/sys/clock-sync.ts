/** Whether the kernel's clock is kept in time by NTP: adjtimex(2). */
import * as libc from './libc.ts';

// Must match struct timex of <sys/timex.h> on 64-bit machines.
const TIMEX_BYTES = 208;
const STATUS_AT = 40;
const STA_UNSYNC = 0x40;

/** Null where the kernel does not tell. Reads only: needs no privilege. */
export function isClockSynchronised(): boolean | null {
  const timex = new Uint8Array(TIMEX_BYTES);
  if (libc.adjtimex(libc.addressOf(timex)) < 0) return null;
  const status = new DataView(timex.buffer).getInt32(STATUS_AT, true);
  return (status & STA_UNSYNC) === 0;
}
