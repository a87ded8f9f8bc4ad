/** Hosts of our own in network namespaces, where they can be made. */
import { ip } from '../../src/lab/network.ts';

export { ip, Network } from '../../src/lab/network.ts';

/** Why hosts cannot be made here, or false: for `skip`. */
export const noNamespaces: string | false = whyNot();

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'needs root, for network namespaces';
  const name = `blt-try-${process.pid}`;
  try {
    ip(['netns', 'add', name]);
    ip(['netns', 'del', name]);
    return false;
  } catch {
    return 'needs network namespaces';
  }
}
