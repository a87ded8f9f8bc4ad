/**
 * Datagrams of one session that came together and are of one size go on together: the kernel takes
 * them through its stack as one and cuts them apart at its end (UDP_SEGMENT, udp(7)).
 */
import { EINVAL, EIO, EMSGSIZE, EOPNOTSUPP } from '../../sys/errno.ts';

/** Fewer are sent one by one: what the kernel saves must pay for cutting them. */
export const RUN_MIN = 3;
/** Datagrams and bytes that the kernel takes as one: UDP_MAX_SEGMENTS of <linux/udp.h>, an IP packet. */
export const RUN_MAX = 64;
export const RUN_BYTES_MAX = 65_000;

/** Whether an error says that the kernel cannot cut: too large for the path, or no checksums there. */
export function cannotCut(error: number): boolean {
  return error === EINVAL || error === EIO || error === EMSGSIZE || error === EOPNOTSUPP;
}
