// Every hazard of HTTP/1.1 against Ballast: what the client got, what the server got byte for byte,
// whether the connection went on, and the reason that was given.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { NO_FORWARDING } from '../kit/config.ts';
import type { Tree } from '../kit/config.ts';
import { freePorts } from '../kit/free-ports.ts';
import type { Origin } from '../kit/origin.ts';
import { hazardCases } from './all-cases.ts';
import type { Expectation, HazardCase } from './hazard-case.ts';
import { runCase, startCaseOrigin } from './run-case.ts';
import type { Seen } from './run-case.ts';

let ballast: Ballast;
const origins: Origin[] = [];
let ports: number[] = [];

/** One listener and one pool per case: the cases cannot disturb each other. */
function configOf(cases: readonly HazardCase[]): Tree {
  const listeners: Record<string, Tree> = {};
  const pools: Record<string, Tree> = {};
  for (const [i, of] of cases.entries()) {
    const forwarded = { ...NO_FORWARDING, ...(of.listener?.['forwarded'] as Tree | undefined) };
    const bind = `127.0.0.1:${ports[i]!}`;
    listeners[`case-${i}`] = { bind, pool: `case-${i}`, ...of.listener, forwarded };
    pools[`case-${i}`] = { servers: [origins[i]!.address] };
  }
  return { workers: 1, listeners, pools };
}

before(async () => {
  for (const of of hazardCases) origins.push(await startCaseOrigin(of));
  ports = await freePorts(hazardCases.length);
  ballast = await Ballast.start(configOf(hazardCases));
});

after(async () => {
  await ballast?.[Symbol.asyncDispose]();
  await Promise.all(origins.map((origin) => origin.stop()));
});

function checkServer(seen: Seen, expected: Expectation): void {
  if (typeof expected.server === 'string') assert.equal(seen.server, expected.server, 'the server');
  else assert.match(seen.server, expected.server, 'the server');
}

function checkReason(seen: Seen, expected: Expectation): void {
  const reasons = [...seen.client.matchAll(/^ballast-reason: *(.*)$/gim)].map((match) => match[1]);
  const wanted = expected.reason === undefined ? [] : [expected.reason];
  if (expected.client === undefined || wanted.length > 0) assert.deepEqual(reasons, wanted);
}

for (const [i, of] of hazardCases.entries()) {
  test(`hazard ${of.row}: ${of.name} (${of.section})`, async () => {
    const expected = of.ballast;
    const foreseen = { answers: expected.answers.length, ending: expected.ending };
    const seen = await runCase(of, ports[i]!, origins[i]!, foreseen);
    if (expected.answers.length > 0) assert.deepEqual(seen.answers, expected.answers);
    assert.equal(seen.ending, expected.ending);
    checkServer(seen, expected);
    checkReason(seen, expected);
    for (const wanted of expected.client ?? []) assert.match(seen.client, wanted);
    for (const unwanted of expected.clientNot ?? []) assert.doesNotMatch(seen.client, unwanted);
    if (expected.connections !== undefined) assert.equal(seen.connections, expected.connections);
    assert.equal(await ballast.metric('ballast_exceptions_total'), 0, ballast.stderr.slice(-2_000));
  });
}
