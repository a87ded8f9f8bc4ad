import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetFlow, listFlows, readFlow } from './conntrack.ts';
import { attributeBytes, splitMessages } from './message.ts';

const nested = (type: number, ...parts: Buffer[]): Buffer =>
  attributeBytes(type | 0x8000, Buffer.concat(parts));
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);

function tuple(
  type: number,
  protocol: number,
  ends: readonly [number[], number, number[], number],
) {
  const [source, sourcePort, destination, destinationPort] = ends;
  const first = source.length === 4 ? 1 : 3;
  return nested(
    type,
    nested(
      1,
      attributeBytes(first, Buffer.from(source)),
      attributeBytes(first + 1, Buffer.from(destination)),
    ),
    nested(
      2,
      attributeBytes(1, Buffer.from([protocol])),
      attributeBytes(2, u16(sourcePort)),
      attributeBytes(3, u16(destinationPort)),
    ),
  );
}

const CLIENT = [192, 0, 2, 7];
const LISTENER = [10, 0, 0, 100];
const SERVER = [10, 1, 0, 21];
const HEAD = Buffer.from([2, 0, 0, 0]);

function entry(protocol: number, tcpState?: number): Buffer {
  return Buffer.concat([
    HEAD,
    tuple(1, protocol, [CLIENT, 40_000, LISTENER, 5_432]),
    tuple(2, protocol, [SERVER, 5_433, CLIENT, 40_000]),
    ...(tcpState === undefined
      ? []
      : [nested(4, nested(1, attributeBytes(1, Buffer.of(tcpState))))]),
    attributeBytes(12, Buffer.from([1, 2, 3, 4])),
  ]);
}

test('readFlow reads who speaks to whom, both ways', () => {
  const flow = readFlow(entry(17), 'ipv4', 'udp')!;
  assert.deepEqual(
    [flow.from, flow.to, flow.replyFrom, flow.replyTo, flow.isLive],
    ['192.0.2.7 40000', '10.0.0.100 5432', '10.1.0.21 5433', '192.0.2.7 40000', true],
  );
});

test('readFlow: a connection of TCP that both sides have ended is not live', () => {
  const live = [1, 2, 3, 4, 5, 6, 7, 8, 9].filter(
    (state) => readFlow(entry(6, state), 'ipv4', 'tcp')!.isLive,
  );
  assert.deepEqual(live, [1, 2, 3, 4, 5, 9]);
  assert.equal(readFlow(entry(6), 'ipv4', 'tcp')!.isLive, false);
});

test('readFlow reads IPv6', () => {
  const address = (last: number): number[] => [0xfd, 0, ...Array<number>(13).fill(0), last];
  const body = Buffer.concat([
    Buffer.from([10, 0, 0, 0]),
    tuple(1, 17, [address(1), 1, address(2), 2]),
    tuple(2, 17, [address(3), 3, address(1), 1]),
  ]);
  const flow = readFlow(body, 'ipv6', 'udp')!;
  assert.deepEqual([flow.from, flow.replyFrom], ['fd00::1 1', 'fd00::3 3']);
});

test('readFlow: another protocol, another family and what is cut off are no flow', () => {
  assert.equal(readFlow(entry(6), 'ipv4', 'udp'), null);
  assert.equal(readFlow(entry(17), 'ipv6', 'udp'), null);
  const whole = entry(17);
  // The id at the end is not needed; all before it is.
  for (let end = 0; end < whole.length - 8; end++) {
    assert.equal(readFlow(whole.subarray(0, end), 'ipv4', 'udp'), null, `cut at ${end}`);
  }
});

test('listFlows asks for one family and protocol; forgetFlow names the entry as it was read', () => {
  const [asked] = splitMessages(Buffer.from(listFlows('ipv6', 'tcp', 7)));
  assert.deepEqual([asked!.type, asked!.flags, asked!.sequence], [0x101, 0x301, 7]);
  assert.equal(asked!.body[0], 10);
  const flow = readFlow(entry(17), 'ipv4', 'udp')!;
  const [forgotten] = splitMessages(Buffer.from(forgetFlow('ipv4', flow, 8)));
  assert.deepEqual([forgotten!.type, forgotten!.flags], [0x102, 0x5]);
  const named = forgotten!.body;
  assert.ok(named.includes(tuple(1, 17, [CLIENT, 40_000, LISTENER, 5_432])));
  assert.ok(named.includes(attributeBytes(12, Buffer.from([1, 2, 3, 4]))));
});
