// Datagrams of real programs: SIP calls of sipp, DNS queries of dig to dnsmasq.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ballast } from '../kit/ballast.ts';
import { datagramConfig } from '../kit/datagrams.ts';
import { Dnsmasq, withoutDnsmasq } from '../kit/dnsmasq.ts';
import { freePort, freePorts } from '../kit/free-ports.ts';
import { endProcess, endWithUs } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until, within } from '../kit/wait.ts';

const SIPP = '/usr/bin/sipp';
const DIG = '/usr/bin/dig';
const skipSip = existsSync(SIPP) ? false : 'sipp is not installed';
const skipDns = existsSync(DIG) ? withoutDnsmasq : 'dig is not installed';

/** A program that runs; it is ended with the test. */
class Peer implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything that it has written. */
  text = '';

  constructor(program: string, args: readonly string[], cwd: string) {
    this.child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    endWithUs(this.child);
    const take = (part: string): void => {
      this.text += part;
    };
    this.child.stdout!.setEncoding('utf8').on('data', take);
    this.child.stderr!.setEncoding('utf8').on('data', take);
  }

  /** Its exit code, once it has ended and everything is read. */
  async ended(): Promise<number | null> {
    await within(once(this.child, 'close'), `${this.child.spawnfile} to end`, 60_000);
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.child, 'SIGTERM', 1_000);
  }
}

/** Begins to answer calls, and waits until it does. */
async function startUas(port: number, dir: TempDir): Promise<Peer> {
  const args = ['-sn', 'uas', '-i', '127.0.0.1', '-p', String(port), '-nostdin'];
  const peer = new Peer(SIPP, args, dir.path);
  const bound = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  const isBound = (): boolean => readFileSync('/proc/net/udp', 'latin1').includes(bound);
  await until(isBound, { what: 'sipp to be bound' });
  return peer;
}

test(
  'sipp: 600 calls to two servers, a reload among them, none fails',
  { skip: skipSip },
  async () => {
    using dir = new TempDir();
    const ports = await freePorts(2);
    const servers = ports.map((port, i) => ({ address: `127.0.0.1:${port}`, name: `uas${i}` }));
    await using one = await startUas(ports[0]!, dir);
    await using two = await startUas(ports[1]!, dir);
    const port = await freePort();
    const config = { bind: `127.0.0.1:${port}`, servers, top: { workers: 2 } };
    await using ballast = await Ballast.start(datagramConfig(config));
    // A socket for each call: as many clients.
    const args = ['-sn', 'uac', '-t', 'un', '-max_socket', '1000', '-i', '127.0.0.1', '-nostdin'];
    const calls = ['-m', '600', '-r', '150', '-d', '200', `127.0.0.1:${port}`];
    await using uac = new Peer(SIPP, [...args, ...calls], dir.path);
    await until(async () => (await ballast.metric('ballast_listener_connections_total')) > 100, {
      what: 'calls to be under way',
    });
    ballast.writeConfig(datagramConfig({ ...config, listener: { timeouts: { idle: '30s' } } }));
    assert.equal((await ballast.reload()).ok, true);
    assert.equal(await uac.ended(), 0, uac.text);
    assert.match(uac.text, /Failed call\s*\|\s*0\s*\|\s*0/);
    for (const { name } of servers) {
      const met = await ballast.metric('ballast_server_requests_total', name);
      assert.ok(met >= 290 && met <= 310, `${name} had ${met} calls`);
    }
    // INVITE, ACK and BYE of each call, at least.
    assert.ok((await ballast.metric('ballast_listener_requests_total')) >= 1_800);
    assert.deepEqual([one.child.exitCode, two.child.exitCode], [null, null]);
  },
);

/** Asks for names one after the other; returns the answers, "" for none. */
async function dig(port: number, names: readonly string[], dir: TempDir): Promise<string[]> {
  const file = dir.file(`names-${Math.random()}`);
  writeFileSync(file, `${names.join('\n')}\n`);
  const options = ['+short', '+tries=4', '+time=1', '+noedns'];
  await using peer = new Peer(
    DIG,
    ['@127.0.0.1', '-p', String(port), ...options, '-f', file],
    dir.path,
  );
  await peer.ended();
  // What was being asked when a server died is asked again; dig says so.
  const lines = peer.text.trim().split('\n');
  return lines.filter((line) => !line.startsWith(';;'));
}

test(
  'dig: 800 parallel queries to dnsmasq, with a dead server and one that dies',
  { skip: skipDns },
  async () => {
    using dir = new TempDir();
    const hosts: Record<string, string[]> = {};
    for (let i = 0; i < 100; i++) hosts[`host${i}.test`] = [`10.1.0.${i}`];
    await using one = await Dnsmasq.start({ hosts });
    await using two = await Dnsmasq.start({ hosts });
    const dead = await freePort();
    const port = await freePort();
    const servers = [one.address, two.address, `127.0.0.1:${dead}`];
    await using ballast = await Ballast.start(
      datagramConfig({
        bind: `127.0.0.1:${port}`,
        servers,
        listener: { perPacket: true },
        top: { workers: 2 },
      }),
    );
    const names = Object.keys(hosts);
    const expected = Object.values(hosts).map(([address]) => address);
    const asking = Promise.all(Array.from({ length: 8 }, () => dig(port, names, dir)));
    await until(async () => (await ballast.metric('ballast_listener_requests_total')) > 200, {
      what: 'queries to be under way',
    });
    await two.stop();
    for (const answers of await asking) assert.deepEqual(answers, expected);
    const asked = await ballast.metric('ballast_listener_requests_total');
    assert.ok(asked >= 800, `${asked} queries`);
    assert.ok((await ballast.metric('ballast_server_connect_failures_total', String(dead))) > 50);
    await until(async () => (await ballast.metric('ballast_listener_connections', 'udp')) === 0, {
      what: 'what was lost with the server to be given up',
    });
  },
);
