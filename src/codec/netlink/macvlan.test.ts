import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAttributes, splitMessages } from './message.ts';
import { createMacvlan, INET, setInet, setLinkUp } from './macvlan.ts';

const only = (bytes: Uint8Array) => [...splitMessages(Buffer.from(bytes))][0]!;

test('createMacvlan asks for a private macvlan of that name and address, on that interface', () => {
  const mac = Uint8Array.of(0, 0, 0x5e, 0, 1, 51);
  const { type, flags, body } = only(createMacvlan({ name: 'vrrp4.51.2', base: 2, mac }, 9));
  // RTM_NEWLINK, to be made anew and acknowledged.
  assert.deepEqual([type, flags], [16, 0x605]);
  const found = readAttributes(body, 16);
  assert.equal(found.get(3)!.toString(), 'vrrp4.51.2\0');
  assert.deepEqual(Uint8Array.from(found.get(1)!), mac);
  assert.equal(found.get(5)!.readUInt32LE(0), 2);
  const info = readAttributes(found.get(18)!, 0);
  assert.equal(info.get(1)!.toString(), 'macvlan');
  assert.equal(readAttributes(info.get(2)!, 0).get(1)!.readUInt32LE(0), 1);
});

test('setLinkUp changes one flag and no other', () => {
  const up = only(setLinkUp(7, true, 1)).body;
  assert.deepEqual([up.readInt32LE(4), up.readUInt32LE(8), up.readUInt32LE(12)], [7, 1, 1]);
  const down = only(setLinkUp(7, false, 1)).body;
  assert.deepEqual([down.readUInt32LE(8), down.readUInt32LE(12)], [0, 1]);
});

test('setInet sets numbers of /proc/sys/net/ipv4/conf', () => {
  const { type, body } = only(setInet(7, [[INET.arpIgnore, 1]], 1));
  assert.equal(type, 19);
  const inet = readAttributes(readAttributes(body, 16).get(26)!, 0).get(2)!;
  const conf = readAttributes(inet, 0).get(1)!;
  assert.equal(readAttributes(conf, 0).get(19)!.readUInt32LE(0), 1);
});
