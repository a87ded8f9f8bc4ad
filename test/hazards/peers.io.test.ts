// HAProxy and NGINX do in every hazard what docs/http-hazards.md says of them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { peerVersion } from '../kit/peers.ts';
import type { PeerName } from '../kit/peers.ts';
import { MEASURED_PATH } from './document.ts';
import type { Measured } from './document.ts';
import { abridge, visitPeer } from './measure-peers.ts';
import { runCase } from './run-case.ts';

const measured = JSON.parse(readFileSync(MEASURED_PATH, 'utf8')) as Measured;

function skipReason(name: PeerName): string | false {
  const found = peerVersion(name);
  if (found === undefined) return `${name} is not installed`;
  const wanted = measured.versions[name];
  return found === wanted ? false : `measured with ${name} ${wanted}, installed is ${found}`;
}

for (const name of ['haproxy', 'nginx'] as const) {
  const options = { skip: skipReason(name), concurrency: true };
  test(`hazards: ${name} behaves as documented`, options, async (t) => {
    await visitPeer(name, async (of, port, origin) => {
      const expected = measured[name][of.name]!;
      await t.test(of.name, async () => {
        const foreseen = { answers: expected.answers.length, ending: expected.ending };
        const { answers, ending, server } = await runCase(of, port, origin, foreseen);
        const seen = { answers, ending, server: abridge(server) };
        assert.deepEqual(of.peersRace ? { ...seen, server: expected.server } : seen, expected);
      });
    });
  });
}
