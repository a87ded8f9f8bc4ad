/**
 * Measures what the installed HAProxy and NGINX do in every hazard.
 *
 * `node test/hazards/measure-peers.ts` writes `measured.json` and `docs/http-hazards.md`; run it
 * when cases or the versions of the peers change, and read the difference before it is committed.
 */
import { writeFileSync } from 'node:fs';
import { freePorts } from '../kit/free-ports.ts';
import type { Origin } from '../kit/origin.ts';
import { Peer, peerVersion } from '../kit/peers.ts';
import type { PeerName } from '../kit/peers.ts';
import { comparedCases } from './all-cases.ts';
import type { HazardCase, Outcome } from './hazard-case.ts';
import { DOCUMENT_PATH, MEASURED_PATH, renderDocument } from './document.ts';
import type { Measured } from './document.ts';
import { runCase, startCaseOrigin } from './run-case.ts';

/** Cases that run at the same time. */
const AT_ONCE = 8;

type Prepared = { of: HazardCase; port: number; origin: Origin };

/** Shortens bytes that only differ in how much there is of the same. */
export function abridge(text: string): string {
  return text.replace(/([^\r\n])\1{63,}/g, (run, char: string) => `${char}{${run.length}}`);
}

/** Runs `visit` for each compared case against one peer, several at a time. */
export async function visitPeer(
  name: PeerName,
  visit: (of: HazardCase, port: number, origin: Origin) => Promise<void>,
): Promise<void> {
  const ports = await freePorts(comparedCases.length);
  const prepared: Prepared[] = [];
  for (const [i, of] of comparedCases.entries()) {
    prepared.push({ of, port: ports[i]!, origin: await startCaseOrigin(of) });
  }
  try {
    const mappings = prepared.map(({ port, origin }) => ({ port, server: origin.address }));
    await using _peer = await Peer.start(name, mappings);
    const queue = [...prepared];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await visit(next.of, next.port, next.origin);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  } finally {
    await Promise.all(prepared.map(({ origin }) => origin.stop()));
  }
}

async function measure(name: PeerName): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {};
  for (const of of comparedCases) outcomes[of.name] = { answers: [], ending: 'closed', server: '' };
  await visitPeer(name, async (of, port, origin) => {
    const { answers, ending, server } = await runCase(of, port, origin);
    outcomes[of.name] = { answers, ending, server: abridge(server) };
  });
  return outcomes;
}

if (import.meta.main) {
  const versions = { haproxy: peerVersion('haproxy') ?? '', nginx: peerVersion('nginx') ?? '' };
  const haproxy = await measure('haproxy');
  const nginx = await measure('nginx');
  const measured: Measured = { versions, haproxy, nginx };
  writeFileSync(MEASURED_PATH, `${JSON.stringify(measured, null, 1)}\n`);
  writeFileSync(DOCUMENT_PATH, renderDocument(measured));
}
