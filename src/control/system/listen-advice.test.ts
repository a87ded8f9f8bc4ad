import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindPlan } from '../../config/plan.ts';
import * as errno from '../../sys/errno.ts';
import { listenAdvice, type ListenFacts, type Refusal } from './listen-advice.ts';
import type { Holder, Holding } from './socket-holders.ts';

const WEB: BindPlan = { family: 'ipv4', host: '10.0.0.100', port: 80 };
const WEB6: BindPlan = { family: 'ipv6', host: 'fd00::100', port: 80 };
const SOCKET: BindPlan = { family: 'unix', host: '/run/web/web.sock', port: 0 };

const held = (holders: readonly Holder[], rest: Partial<Holding> = {}): Partial<ListenFacts> => ({
  holding: () => ({ holders, isGuess: false, uids: [], ...rest }),
});

/** Reason and hint as one text. */
function advice(refusal: Partial<Refusal> & { errno: number }, facts: Partial<ListenFacts> = {}) {
  const all: ListenFacts = {
    holding: () => assert.fail('nobody is to be looked for'),
    addresses: () => ['lo 127.0.0.1', 'eth0 10.0.0.5'],
    privilegedBelow: () => 1_024,
    isIpv6Off: () => false,
    ...facts,
  };
  const { reason, hint } = listenAdvice({ bind: WEB, kind: 'stream', ...refusal }, all);
  return `${reason} | ${hint}`;
}

const IN_USE = { errno: errno.EADDRINUSE };

test('listenAdvice names the process that has the address', () => {
  const nginx = { pid: 812, command: 'nginx: master process', role: 'other' } as const;
  assert.match(
    advice(IN_USE, held([nginx])),
    /^address in use by pid 812 \(nginx: master process\) \| stop it .*"ss -ltnp"/,
  );
  assert.match(advice({ ...IN_USE, kind: 'datagrams' }, held([nginx])), /"ss -lunp"/);
});

test('listenAdvice tells another Ballast, and a worker without supervisor, from the rest', () => {
  const main = { pid: 7, command: 'ballast run /etc/b.yaml', role: 'balancer' } as const;
  const orphan = { pid: 8, command: 'a worker of Ballast', role: 'worker' } as const;
  assert.match(
    advice(IN_USE, held([main, orphan])),
    /by another Ballast, pid 7 \(ballast run \/etc\/b\.yaml\) \| .*"ballast reload".*"kill 7"/,
  );
  assert.match(advice(IN_USE, held([orphan])), /by pid 8, a worker .* \| end it with "kill -9 8"/);
  assert.match(advice(IN_USE, held([main], { isGuess: true })), /by perhaps another Ballast/);
});

test('listenAdvice says whose the socket is where the process cannot be seen', () => {
  assert.match(
    advice(IN_USE, held([], { uids: [105] })),
    /^address in use by a process of user id 105 \| find it as root with "ss -ltnp"/,
  );
});

test('listenAdvice tells a file that is no socket from a socket that is held', () => {
  assert.match(advice({ ...IN_USE, bind: SOCKET }, held([])), /is no socket \| remove it/);
});

test('listenAdvice names the remedies for a port that needs a privilege', () => {
  const text = advice({ errno: errno.EACCES });
  assert.match(text, /may not listen on ports below 1024 \| /);
  assert.match(text, /AmbientCapabilities=CAP_NET_BIND_SERVICE \(not setcap on the node program/);
  assert.match(text, /sysctl -w net\.ipv4\.ip_unprivileged_port_start=80; or a port from 1024 on/);
  assert.match(advice({ errno: errno.EACCES }, { privilegedBelow: () => 80 }), /SELinux/);
  assert.match(advice({ errno: errno.EACCES, bind: SOCKET }), /write to the folder/);
});

test('listenAdvice lists the addresses that are here, and the ways to take one that is not', () => {
  const text = advice({ errno: errno.EADDRNOTAVAIL });
  assert.match(text, /there are: lo 127\.0\.0\.1, eth0 10\.0\.0\.5 \| /);
  assert.match(text, /"freebind: true" in the listener, .*sysctl -w net\.ipv4\.ip_nonlocal_bind=1/);
  assert.match(
    advice({ errno: errno.EADDRNOTAVAIL, bind: WEB6 }),
    /sysctl -w net\.ipv6\.ip_nonlocal_bind=1/,
  );
  assert.match(
    advice({ errno: errno.EADDRNOTAVAIL, bind: WEB6 }, { isIpv6Off: () => true }),
    /IPv6 is switched off on this machine \| sysctl -w net\.ipv6\.conf\.all\.disable_ipv6=0/,
  );
});

test('listenAdvice has a remedy for everything else that the kernel says', () => {
  const cases: readonly (readonly [number, RegExp])[] = [
    [errno.ENOENT, /does not exist \| create it; with systemd, RuntimeDirectory=ballast/],
    [errno.ENOTDIR, /must be a folder/],
    [errno.EROFS, /below \/run/],
    [errno.ENAMETOOLONG, /at most 107 bytes/],
    [errno.EMFILE, /LimitNOFILE= or ulimit -n/],
    [errno.ENFILE, /fs\.file-max/],
    [errno.EAFNOSUPPORT, /no IPv6 \| take the IPv6 addresses out/],
    [errno.EINVAL, /errno\(3\)/],
  ];
  for (const [number, text] of cases) assert.match(advice({ errno: number, bind: SOCKET }), text);
});
