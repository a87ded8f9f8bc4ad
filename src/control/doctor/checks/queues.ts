/** Queues of connections that are not accepted yet. */
import { BACKLOG } from '../../listeners.ts';
import { advice, ok, problem, sysctlFix, sysctlNumber, unknown, type Check } from '../check.ts';

/** Connections that may wait, below which even short bursts are lost. */
const QUEUE_MIN = 1_024;

export const somaxconn: Check = {
  name: 'somaxconn',
  looksAt: '`net.core.somaxconn`, the most connections that may wait to be accepted',
  why:
    'While a worker is replaced, and in bursts, connections wait in this queue; what does not fit ' +
    'is dropped, and the client tries again after 1 s.',
  remedy: `\`sysctl -w net.core.somaxconn=${BACKLOG}\``,
  look: (facts) => {
    const now = sysctlNumber(facts, 'net.core.somaxconn');
    if (now === null) return [unknown('net.core.somaxconn cannot be read')];
    const text = `net.core.somaxconn is ${now}`;
    if (now >= BACKLOG) return [ok(text)];
    const fix = sysctlFix(facts, 'net.core.somaxconn', BACKLOG);
    const fault = { now: text, wanted: `at least ${BACKLOG}`, fix };
    return [now < QUEUE_MIN ? problem(fault) : advice(fault)];
  },
};

export const synBacklog: Check = {
  name: 'tcp-max-syn-backlog',
  looksAt: '`net.ipv4.tcp_max_syn_backlog`, connections whose handshake is under way',
  why: 'With more clients that connect at the same moment handshakes are dropped, or need cookies.',
  remedy: `\`sysctl -w net.ipv4.tcp_max_syn_backlog=${BACKLOG}\``,
  look: (facts) => {
    const name = 'net.ipv4.tcp_max_syn_backlog';
    const now = sysctlNumber(facts, name);
    if (now === null) return [unknown(`${name} cannot be read`)];
    if (now >= QUEUE_MIN) return [ok(`${name} is ${now}`)];
    const fix = sysctlFix(facts, name, BACKLOG);
    return [advice({ now: `${name} is ${now}`, wanted: `at least ${QUEUE_MIN}`, fix })];
  },
};

export const synCookies: Check = {
  name: 'tcp-syncookies',
  looksAt: '`net.ipv4.tcp_syncookies`',
  why: 'Without cookies a flood of SYN packets from forged addresses keeps real clients out.',
  remedy: '`sysctl -w net.ipv4.tcp_syncookies=1`',
  look: (facts) => {
    const name = 'net.ipv4.tcp_syncookies';
    const now = sysctlNumber(facts, name);
    if (now === null) return [unknown(`${name} cannot be read`)];
    if (now > 0) return [ok(`${name} is ${now}`)];
    return [problem({ now: `${name} is 0`, wanted: '1', fix: sysctlFix(facts, name, 1) })];
  },
};
