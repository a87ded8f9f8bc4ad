/** Guardians that outlived their supervisor: each waits under the name of its first address. */
import type { AddressPlan } from '../../config/plan-addresses.ts';
import { orphanGuardianName } from '../../guard/guard-protocol.ts';
import { connectNamed, peerUid, receiveText, sendText } from '../../sys/named-sockets.ts';
import { closeFd } from '../../sys/sockets.ts';

/** How long one may take to go, in ms. */
const LEAVE_MS = 1_000;
const LOOK_MS = 5;

/**
 * Asks those that hold addresses of this plan to leave them to us, and waits until they have gone.
 * Returns how many there were.
 */
export async function relieveOrphans(addresses: readonly AddressPlan[]): Promise<number> {
  let relieved = 0;
  for (const { ips } of addresses) {
    const fd = connectNamed(orphanGuardianName(ips[0]!.host));
    if (fd < 0) continue;
    const uid = peerUid(fd);
    if (uid === 0 || uid === process.getuid!()) {
      relieved++;
      sendText(fd, 'leave');
      const untilMs = performance.now() + LEAVE_MS;
      while (receiveText(fd) !== '' && performance.now() < untilMs) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    }
    closeFd(fd);
  }
  return relieved;
}
