import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Flow } from '../codec/netlink/conntrack.ts';
import { loadConfig } from '../config/load.ts';
import { FlowIndex, type FlowPlace } from './flow-index.ts';

const YAML = `
listeners:
  db: { bind: ["10.0.0.100:80", "[fd00:0::100]:80"], protocol: tcp, mode: kernel, pool: a }
  dns: { bind: "10.0.0.100:53", protocol: udp, mode: kernel, pool: b }
  light:
    { bind: "10.0.0.100:99", protocol: udp, mode: kernel, pool: c, kernel: { form: stateless } }
pools:
  a: { servers: ["10.1.0.1:80", "[fd01::1]:80"] }
  b: { servers: ["10.1.0.1:53"] }
  c: { servers: ["10.1.0.1:99"] }
`;

function indexOf(yaml: string): FlowIndex {
  const loaded = loadConfig(yaml, '/etc/ballast.yaml', { readFile: () => null, cores: 1 });
  return new FlowIndex(loaded.plan!);
}

function flow(from: string, to: string, replyFrom: string, replyTo = from): Flow {
  return { from, to, replyFrom, replyTo, isLive: true, handle: Buffer.alloc(0) };
}

const on = (listener: string, server: string | null): FlowPlace => ({
  listener,
  server,
  isUnserved: false,
});

test('FlowIndex: kinds are those of listeners whose flows the kernel keeps', () => {
  assert.deepEqual(indexOf(YAML).kinds, [
    { family: 'ipv4', protocol: 'tcp' },
    { family: 'ipv6', protocol: 'tcp' },
    { family: 'ipv4', protocol: 'udp' },
  ]);
});

test('FlowIndex finds the server of a flow, whoever has spoken first', () => {
  const index = indexOf(YAML);
  const client = '192.0.2.7 4000';
  const asked = flow(client, '10.0.0.100 80', '10.1.0.1 80');
  assert.deepEqual(index.placeOf('tcp', asked), on('db', 'a/10.1.0.1:80'));
  const spoken = flow('10.1.0.1 80', client, client, '10.0.0.100 80');
  assert.deepEqual(index.placeOf('tcp', spoken), on('db', 'a/10.1.0.1:80'));
  const six = flow('fd09::1 4000', 'fd00::100 80', 'fd01::1 80');
  assert.deepEqual(index.placeOf('tcp', six), on('db', 'a/[fd01::1]:80'));
});

test('FlowIndex: who found no server is on none; flows of others are nobody of ours', () => {
  const index = indexOf(YAML);
  const client = '192.0.2.7 4000';
  const unserved = flow(client, '10.0.0.100 53', '10.0.0.100 53');
  assert.deepEqual(index.placeOf('udp', unserved), { ...on('dns', null), isUnserved: true });
  // A check, or a session of a proxy, to the same server.
  assert.equal(index.placeOf('tcp', flow('10.1.0.9 4000', '10.1.0.1 80', '10.1.0.1 80')), null);
  // A server that has left.
  const left = flow(client, '10.0.0.100 80', '10.1.0.2 80');
  assert.deepEqual(index.placeOf('tcp', left), on('db', null));
  // Another protocol, a stateless listener.
  assert.equal(index.placeOf('udp', flow(client, '10.0.0.100 80', '10.1.0.1 80')), null);
  assert.equal(index.placeOf('udp', flow(client, '10.0.0.100 99', '10.1.0.1 99')), null);
});
