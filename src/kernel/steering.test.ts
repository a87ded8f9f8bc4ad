import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STEERING_REMOVAL, steeringRules, type Steering } from './steering.ts';

const STEERING: Steering = {
  role: 'successor',
  interface: 'eth0',
  inputs: ['eth0', 'vrrp4.51.2'],
  ips: ['10.0.0.9', 'fd00::9'],
  ipv4: '10.0.0.1',
  linkLocal: 'fe80::1',
  forMs: 29_500,
};

test('steering: a successor hands back what is not the beginning of a connection', () => {
  const rules = steeringRules([STEERING], []);
  const middle = 'tcp flags & (syn | ack) != syn ct state new,invalid,untracked';
  const inputs = '{ "eth0", "vrrp4.51.2" }';
  const four = `iifname ${inputs} ip daddr @moved_0 ${middle} dup to 10.0.0.1 device "eth0" drop`;
  const six = `iifname ${inputs} ip6 daddr @moved_0 ${middle} dup to fe80::1 device "eth0" drop`;
  assert.ok(rules.includes(four), rules);
  assert.ok(rules.includes(six), rules);
  // The kernel forgets by itself, a little later than asked for.
  assert.ok(rules.includes('elements = { 10.0.0.9 timeout 30s }'), rules);
});

test('steering: without an address of the leaver, that family is not handed back', () => {
  assert.doesNotMatch(
    steeringRules([{ ...STEERING, linkLocal: null }], []),
    /dup to fe80|ip6 daddr/,
  );
  assert.doesNotMatch(steeringRules([{ ...STEERING, ipv4: null }], []), /ip daddr/);
});

test('steering: listeners of the kernel, and connections known before, are not handed back', () => {
  const kernel = [
    { host: '10.0.0.9', port: 5432 },
    { host: '10.0.0.8', port: 1 },
  ];
  const known = [{ host: 'fd00::9', port: 80, peer: 'fd00::3', peerPort: 40_000 }];
  const rules = steeringRules([STEERING], kernel, known);
  assert.match(rules, /ip daddr \. tcp dport \{ 10\.0\.0\.9 \. 5432 \} accept/);
  assert.match(
    rules,
    /ip6 daddr \. tcp dport \. ip6 saddr \. tcp sport \{ fd00::9 \. 80 \. fd00::3/,
  );
  assert.ok(!rules.includes('10.0.0.8'));
});

test('steering: a leaver neither answers for its addresses nor asks in their name', () => {
  const rules = steeringRules([{ ...STEERING, role: 'leaver' }], []);
  assert.match(rules, /arp operation reply arp saddr ip @silent drop/);
  assert.match(rules, /oifname "eth0" arp saddr ip @silent arp saddr ip set 10\.0\.0\.1/);
  assert.match(rules, /nd-neighbor-advert ip6 saddr @silent drop/);
  assert.doesNotMatch(rules, /dup to/);
});

test('steering: nothing wanted leaves no table', () => {
  assert.equal(steeringRules([], []).trim(), STEERING_REMOVAL.trim());
});
