import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arpProbe, decodeArp, gratuitousArp } from './arp.ts';
import { parseIp } from './ip-address.ts';
import { parseMac } from './mac.ts';
import { claims, decodeNeighbour, neighbourProbe, unsolicitedAdvertisement } from './neighbour.ts';

const MAC = parseMac('02:00:00:00:00:07')!;
const IP = parseIp('10.0.0.100')!;
const IP6 = parseIp('fd00::1:2:100')!;

test('gratuitousArp: a request and a reply for the same address (RFC 5227 §3)', () => {
  const [request, reply] = gratuitousArp(MAC, IP).map((frame) => decodeArp(frame)!);
  assert.equal(request!.operation, 'request');
  assert.equal(reply!.operation, 'reply');
  for (const arp of [request!, reply!]) {
    assert.deepEqual([arp.senderMac, arp.senderIp, arp.targetIp], [MAC, IP, IP]);
  }
});

test('arpProbe has no sender address (RFC 5227 §2.1)', () => {
  const arp = decodeArp(arpProbe(MAC, IP))!;
  assert.deepEqual(arp.senderIp, new Uint8Array(4));
  assert.deepEqual(arp.targetIp, IP);
});

test('decodeArp refuses every truncation and what is not ARP for IPv4', () => {
  const frame = arpProbe(MAC, IP);
  for (let length = 0; length < frame.length; length++) {
    assert.equal(decodeArp(frame.subarray(0, length)), null);
  }
  for (const at of [12, 13, 14, 15, 16, 17, 18, 19, 20]) {
    const broken = Uint8Array.from(frame);
    broken[at]! ^= 0x10;
    assert.equal(decodeArp(broken), null, `byte ${at}`);
  }
});

test('unsolicitedAdvertisement claims its address with Override (RFC 4861 §7.2.6)', () => {
  const frame = unsolicitedAdvertisement(MAC, IP6);
  const message = decodeNeighbour(frame)!;
  assert.equal(message.kind, 'advertisement');
  assert.ok(claims(message, IP6));
  assert.ok(!claims(message, parseIp('fd00::1')!));
  assert.equal(frame[58], 0x20);
  assert.deepEqual(frame.slice(78, 86), Uint8Array.of(2, 1, ...MAC));
});

test('neighbourProbe asks for its address and claims none (RFC 4862 §5.4.2)', () => {
  const message = decodeNeighbour(neighbourProbe(MAC, IP6))!;
  assert.equal(message.kind, 'solicitation');
  assert.deepEqual(message.target, IP6);
  assert.ok(!claims(message, IP6));
});

test('decodeNeighbour refuses every truncation and every changed bit after the Ethernet head', () => {
  const frame = unsolicitedAdvertisement(MAC, IP6);
  for (let length = 0; length < frame.length; length++) {
    assert.equal(decodeNeighbour(frame.subarray(0, length)), null);
  }
  // Version, class and flow label are in no checksum.
  for (let bit = 18 * 8; bit < frame.length * 8; bit++) {
    const broken = Uint8Array.from(frame);
    broken[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeNeighbour(broken), null, `bit ${bit}`);
  }
});
