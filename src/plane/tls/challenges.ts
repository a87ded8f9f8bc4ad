/** Challenges of ACME within TLS (RFC 8737): what shows that a name is ours. */
import { freeKeyPair, readKeyPair } from '../../sys/tls/pem.ts';
import type { KeyPair } from '../../sys/tls/pem.ts';
import type { ChallengesFrame } from '../worker-protocol.ts';

/** The protocol of tls-alpn-01. */
export const ACME_PROTOCOL = 'acme-tls/1';

const pairs = new Map<string, KeyPair>();

/** Takes all challenges of tls-alpn-01 that are open now, in place of those before. */
export function setTlsChallenges(open: ChallengesFrame['tls']): void {
  for (const pair of pairs.values()) freeKeyPair(pair);
  pairs.clear();
  for (const { name, chain, privateKey } of open) {
    const [certificate, key] = [Buffer.from(chain), Buffer.from(privateKey)];
    pairs.set(name, readKeyPair(certificate, key, `the challenge for ${name}`));
  }
}

/** The certificate that shows that a name is ours; null where nobody has asked. */
export function challengeFor(name: string): KeyPair | null {
  return pairs.get(name) ?? null;
}
